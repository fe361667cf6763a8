/**
 * Cookies: of a request, and ours in an answer.
 *
 * CK1. Over https the name begins with `__Host-`: browsers then take it only from this host, over https and for all of it, so that neither
 *      a sibling domain nor an application on another path of a shared domain can set it.
 * CK2. `HttpOnly` and `SameSite=Lax`: no script reads it, and of other sites' requests only a link that is followed brings it.
 */

/** The value of the first cookie of the name. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

export function cookieName(base: string, isSecure: boolean): string {
  return isSecure ? `__Host-${base}` : base;
}

/** `seconds` 0 removes it. The value must be of base64url or of digits and letters. */
export function setCookie(name: string, value: string, seconds: number, isSecure: boolean): string {
  if (!/^[\w.-]*$/.test(value)) throw new TypeError(`The value of cookie ${name} has characters that a cookie cannot hold`);
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
}
