/** An object without the entries that a row has no value for: an absent field is never `null` in the ports. */
export function present<T extends Readonly<Record<string, unknown>>>(fields: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  const found: Record<string, unknown> = {};
  for (const name in fields) {
    const value = fields[name];
    if (value !== null && value !== undefined) found[name] = value;
  }
  return found as { readonly [K in keyof T]?: NonNullable<T[K]> };
}
