/** An object without the entries that a row has no value for: an absent field is never `null` in the ports. */
export function present<T extends Readonly<Record<string, unknown>>>(fields: T): { readonly [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    readonly [K in keyof T]?: NonNullable<T[K]>;
  };
}
