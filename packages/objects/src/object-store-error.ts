import { isNativeError } from 'node:util/types';

/** The store could not be reached or refused: nothing is known about the object. */
export class ObjectStoreError extends Error {
  readonly code = 'HR_OBJECT_STORE';
  constructor(what: string, cause: unknown) {
    super(`${what} failed: ${isNativeError(cause) ? cause.message || cause.name : String(cause)}`, { cause });
    this.name = 'ObjectStoreError';
  }
}
