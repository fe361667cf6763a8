import { createHash } from 'node:crypto';

/** The key of a request with several rows. */
export function batchKey(keys: readonly string[]): string {
  return createHash('sha256').update(keys.join()).digest('hex').slice(0, 32);
}
