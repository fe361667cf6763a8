import type { Readable } from 'node:stream';

/** Whole objects under keys with `/`: task logs, large results, files of load packages. A put is atomic: a reader sees the old object or the new. */
export interface ObjectStore {
  put(key: string, body: Uint8Array | Readable): Promise<void>;
  /** Throws ObjectNotFoundError. `range` is in bytes, `end` exclusive. */
  get(key: string, range?: { start: number; end?: number }): Promise<Readable>;
  /** Undefined when there is no such object. */
  head(key: string): Promise<{ size: number; modifiedAt: number } | undefined>;
  /** In key order. */
  list(prefix: string): AsyncIterable<{ key: string; size: number }>;
  delete(key: string): Promise<void>;
}

export class ObjectNotFoundError extends Error {
  readonly code = 'HR_OBJECT_NOT_FOUND';
  readonly key: string;
  constructor(key: string) {
    super(`There is no object "${key}"`);
    this.name = 'ObjectNotFoundError';
    this.key = key;
  }
}
