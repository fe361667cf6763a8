/**
 * Connections that people keep in Headrace, and what is asked of them.
 *
 * CN1. A secret is stored encrypted only; the store never sees it plain, nor the key.
 * CN2. A ciphertext belongs to one connection: moved to another row, it is refused when it is decrypted.
 * CN3. Nothing that answers a person holds a secret.
 */
import type { Listed, Page } from './page.ts';
import type { Visible } from './visible.ts';

/** What of a connection is not secret. */
export interface ConnectionFacts {
  readonly host?: string;
  readonly port?: number;
  readonly login?: string;
  /** The database, the bucket's prefix, the folder: what stands after the host. */
  readonly schema?: string;
  /** Where the type has several: `smtps`. */
  readonly protocol?: string;
  /** Further settings, as they stand in the URL's query. */
  readonly extra: Readonly<Record<string, string>>;
}

/** A secret under a key: what `packages/connections` makes of it. */
export interface SealedSecret {
  readonly bytes: Uint8Array;
  readonly keyId: string;
}

export interface StoredConnection {
  readonly connId: string;
  readonly connType: string;
  readonly description?: string;
  readonly settings: ConnectionFacts;
  readonly secret?: SealedSecret;
}

export interface ConnectionFilter {
  /** Only connections whose id is visible. */
  readonly visible?: Visible;
  /** A `LIKE` pattern. */
  readonly idPattern?: string;
}

export interface ConnectionStore {
  /** Order by `id` (as they were made), `connection_id` (also `conn_id`), `conn_type`, `description`, `host`, `port`. Rejects with UnknownOrderError. */
  connections(filter: ConnectionFilter, page: Page): Promise<Listed<StoredConnection>>;
  connection(connId: string): Promise<StoredConnection | undefined>;
  /** Rejects with ConnectionExistsError. */
  create(connection: StoredConnection): Promise<void>;
  /** All but its id. `before`: of the key under which its secret was when it was read; false when it changed meanwhile. Rejects with ConnectionNotFoundError. */
  replace(connection: StoredConnection, before: SealedSecret | undefined): Promise<boolean>;
  /** Rejects with ConnectionNotFoundError. */
  delete(connId: string): Promise<void>;
}

/** A connection as people see it. */
export interface ConnectionView extends ConnectionFacts {
  readonly connId: string;
  readonly connType: string;
  readonly description?: string;
  readonly hasPassword: boolean;
  /** Names of the further settings that are secret; they are not in `extra`. */
  readonly secretExtra: readonly string[];
}

/** Null takes a field away, undefined leaves it. */
export interface ConnectionChange {
  readonly connType?: string;
  readonly description?: string | null;
  readonly host?: string | null;
  readonly port?: number | null;
  readonly login?: string | null;
  readonly password?: string | null;
  readonly schema?: string | null;
  readonly protocol?: string | null;
  /** All of it, secret ones too. One that is `***` stays what it was. */
  readonly extra?: Readonly<Record<string, string>> | null;
}

export interface NewConnection extends ConnectionChange {
  readonly connId: string;
  readonly connType: string;
}

/** How a field of a type is called, for forms. */
export interface ConnectionFieldView {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly secret: boolean;
}

export interface ConnectionTypeView {
  readonly name: string;
  readonly title: string;
  readonly fields: readonly ConnectionFieldView[];
  /** What is asked for in `extra`. */
  readonly extra: readonly ConnectionFieldView[];
  readonly example: string;
}

/** Connections with their secrets, for whoever has the key. */
export interface ConnectionBook {
  readonly types: readonly ConnectionTypeView[];
  list(filter: ConnectionFilter, page: Page): Promise<Listed<ConnectionView>>;
  get(connId: string): Promise<ConnectionView | undefined>;
  /** Rejects with ConnectionExistsError, InvalidConnectionError, SecretKeyMissingError. */
  create(connection: NewConnection): Promise<ConnectionView>;
  /** Rejects with ConnectionNotFoundError, InvalidConnectionError, SecretKeyMissingError. */
  change(connId: string, change: ConnectionChange): Promise<ConnectionView>;
  /** Rejects with ConnectionNotFoundError. */
  delete(connId: string): Promise<void>;
  /** All of it from one URL: a new connection, or in the place of the one with this id. Rejects as `create`. */
  put(connId: string, url: string, description?: string | null): Promise<ConnectionView>;
  /** Encrypts every secret under the current key. */
  rotate(): Promise<{ readonly rotated: number; readonly unchanged: number }>;
  /** As a connector takes it. Undefined: there is none. Rejects with SecretUnreadableError. */
  url(connId: string): Promise<string | undefined>;
  /** Of one that is not stored. Secrets that are `***` are those of the stored connection with its id. Rejects as `create`. */
  urlOf(connection: NewConnection): Promise<string>;
}

export class ConnectionNotFoundError extends Error {
  readonly code = 'HR_CONNECTION_NOT_FOUND';
  constructor(connId: string) {
    super(`There is no connection "${connId}" in Headrace; those of the configuration (HEADRACE_CONN_…) are not listed here`);
    this.name = 'ConnectionNotFoundError';
  }
}

export class ConnectionExistsError extends Error {
  readonly code = 'HR_CONNECTION_EXISTS';
  constructor(connId: string) {
    super(`There is a connection "${connId}" already: change it, or give the new one another id`);
    this.name = 'ConnectionExistsError';
  }
}
