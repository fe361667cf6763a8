/** JSON text that `jsonb` takes whatever user code put into its strings: NUL and lone surrogates, which it refuses, are left out. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? inner.replaceAll('\0', '').toWellFormed() : inner));
}
