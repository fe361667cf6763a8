export { createConnectionBook } from './connection-book.ts';
export { type ConnectionSource, type ConnectionSourceOptions, createConnectionSource } from './connection-source.ts';
export { connectionTypes } from './connection-types.ts';
export { type ConnectionParts, connectionUrl, parseConnectionUrl } from './connection-url.ts';
export { InvalidConnectionError, SecretKeyMissingError, SecretUnreadableError } from './errors.ts';
export { createKeyring, type Keyring } from './keyring.ts';
export { createVariableBook, VariableUnreadableError } from './variable-book.ts';
