import { readFileSync } from 'node:fs';

/** The version of this Headrace: all its packages and apps carry the same. */
export function version(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string }).version;
}
