/** A login that was begun, in a cookie of the browser that began it. */
import { timingSafeEqual } from 'node:crypto';
import { cookieName, cookieOf, setCookie } from './cookie.ts';
import type { BegunLogin } from './identity-provider.ts';
import { returnAddress } from './return-address.ts';

const NAME = 'headrace_login';
const SECONDS = 600;

export function begunLoginCookie({ verifier, state, nonce, next }: BegunLogin, isSecure: boolean): string {
  const value = Buffer.from(JSON.stringify([verifier, state, nonce, next])).toString('base64url');
  return setCookie(cookieName(NAME, isSecure), value, SECONDS, isSecure);
}

export function endedLoginCookie(isSecure: boolean): string {
  return setCookie(cookieName(NAME, isSecure), '', 0, isSecure);
}

/** Undefined: this browser has begun none, or another one than it comes back from. */
export function begunLogin(header: string | undefined, state: unknown, isSecure: boolean): BegunLogin | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cookieOf(header, cookieName(NAME, isSecure)) ?? '', 'base64url').toString('utf8'));
    if (!Array.isArray(value) || !value.every((part) => typeof part === 'string') || value.length !== 4) return undefined;
    const [verifier, known, nonce, next] = value as [string, string, string, string];
    if (typeof state !== 'string' || !isSame(known, state)) return undefined;
    return { verifier, state: known, nonce, next: returnAddress(next) };
  } catch {
    return undefined;
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
