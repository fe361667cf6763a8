export { createObjectStore, ObjectStoreUrlError } from './create-object-store.ts';
export { InvalidObjectKeyError } from './object-key.ts';
export { ObjectStoreError } from './object-store-error.ts';
