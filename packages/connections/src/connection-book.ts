/** Connections with their secrets: what is secret is encrypted on its way into the store, and shown to nobody but a task that declared it. */
import {
  type ConnectionBook,
  type ConnectionChange,
  ConnectionExistsError,
  type ConnectionFacts,
  ConnectionNotFoundError,
  type ConnectionStore,
  type ConnectionView,
  type NewConnection,
  type SealedSecret,
  type StoredConnection,
} from '@headrace/ports';
import { connectionType, connectionTypes, isSecretSetting } from './connection-types.ts';
import { type ConnectionParts, connectionUrl, parseConnectionUrl } from './connection-url.ts';
import { InvalidConnectionError } from './errors.ts';
import type { Keyring } from './keyring.ts';

/** In place of a secret that is to stay what it is. */
const KEPT = '***';
const ID = /^[\w.-]{1,200}$/;
const PAGE = 100;
/** Times that a change is tried while others change the same connection. */
const TRIES = 5;

/** As it is encrypted, in JSON. */
interface Secret {
  readonly password?: string;
  readonly extra?: Readonly<Record<string, string>>;
}

export function createConnectionBook(store: ConnectionStore, keyring: Keyring): ConnectionBook {
  const secretOf = ({ connId, secret }: StoredConnection): Secret =>
    secret === undefined ? {} : (JSON.parse(keyring.open(connId, secret)) as Secret);

  const sealed = (connId: string, secret: Secret): SealedSecret | undefined =>
    secret.password === undefined && secret.extra === undefined ? undefined : keyring.seal(connId, JSON.stringify(secret));

  const partsOf = (stored: StoredConnection): ConnectionParts => {
    const { password, extra = {} } = secretOf(stored);
    const { settings, connType } = stored;
    return { connType, ...settings, extra: { ...settings.extra, ...extra }, ...(password === undefined ? {} : { password }) };
  };

  /** Checked, and split into what is secret and what is not. */
  const storable = (connId: string, parts: ConnectionParts, description: string | undefined): StoredConnection => {
    connectionUrl(connId, parts);
    const { connType, password, extra, ...facts } = parts;
    const type = connectionType(connType);
    const isSecret = (name: string): boolean => type !== undefined && isSecretSetting(type, name);
    const settings: ConnectionFacts = { ...facts, extra: chosen(extra, (name) => !isSecret(name)) };
    const secretExtra = chosen(extra, isSecret);
    const secret = sealed(connId, {
      ...(password === undefined ? {} : { password }),
      ...(Object.keys(secretExtra).length === 0 ? {} : { extra: secretExtra }),
    });
    return {
      connId,
      connType,
      settings,
      ...(description === undefined ? {} : { description }),
      ...(secret === undefined ? {} : { secret }),
    };
  };

  const required = async (connId: string): Promise<StoredConnection> => {
    const stored = await store.connection(connId);
    if (stored === undefined) throw new ConnectionNotFoundError(connId);
    return stored;
  };

  /** Without the key nobody can tell which further settings are secret; the view says only that there is a secret. */
  const view = (stored: StoredConnection): ConnectionView => {
    const { connId, connType, description, settings, secret } = stored;
    let known: Secret = {};
    try {
      known = secretOf(stored);
    } catch {
      known = secret === undefined ? {} : { password: KEPT };
    }
    return {
      connId,
      connType,
      ...(description === undefined ? {} : { description }),
      ...settings,
      hasPassword: known.password !== undefined,
      secretExtra: Object.keys(known.extra ?? {}),
    };
  };

  const book: ConnectionBook = {
    types: connectionTypes,
    async list(filter, page) {
      const { items, total } = await store.connections(filter, page);
      return { items: items.map(view), total };
    },
    async get(connId) {
      const stored = await store.connection(connId);
      return stored === undefined ? undefined : view(stored);
    },
    async create({ connId, description, ...change }) {
      if (!ID.test(connId))
        throw new InvalidConnectionError(connId.slice(0, 200), 'its id must be of letters, digits, "_", "-" and ".", 200 at most');
      const stored = storable(connId, changed({ connType: change.connType, extra: {} }, change), description ?? undefined);
      await store.create(stored);
      return view(stored);
    },
    async change(connId, { description, ...change }) {
      for (let tries = 1; ; tries++) {
        const before = await required(connId);
        const said = description === undefined ? before.description : (description ?? undefined);
        const onlyDescription = Object.values(change).every((value) => value === undefined);
        const { description: _, ...rest } = before;
        const after = onlyDescription
          ? { ...rest, ...(said === undefined ? {} : { description: said }) }
          : storable(connId, changed(partsOf(before), change), said);
        if ((await store.replace(after, before.secret)) || tries === TRIES) return view(after);
      }
    },
    delete: (connId) => store.delete(connId),
    async put(connId, url, description) {
      const { connType, extra, ...given } = parseConnectionUrl(connId, url);
      const fields = { host: null, port: null, login: null, password: null, schema: null, protocol: null, ...given, connType, extra };
      const said = description === undefined ? {} : { description };
      try {
        return await book.create({ connId, ...fields, ...said });
      } catch (error) {
        if (!(error instanceof ConnectionExistsError)) throw error;
        return book.change(connId, { ...fields, ...said });
      }
    },
    async rotate() {
      let rotated = 0;
      let unchanged = 0;
      for (let offset = 0; ; offset += PAGE) {
        const { items } = await store.connections({}, { limit: PAGE, offset, orderBy: ['id'] });
        for (const stored of items) {
          const { connId, secret } = stored;
          if (secret === undefined || secret.keyId === keyring.currentId) unchanged += 1;
          // One that somebody changed meanwhile is under the current key already.
          else if (await store.replace({ ...stored, secret: keyring.seal(connId, keyring.open(connId, secret)) }, secret)) rotated += 1;
          else unchanged += 1;
        }
        if (items.length < PAGE) return { rotated, unchanged };
      }
    },
    async url(connId) {
      const stored = await store.connection(connId);
      return stored === undefined ? undefined : connectionUrl(connId, partsOf(stored));
    },
    async urlOf({ connId, connType, description: _, ...change }: NewConnection) {
      const keeps = change.password === KEPT || Object.values(change.extra ?? {}).includes(KEPT);
      const stored = keeps ? await store.connection(connId) : undefined;
      const known = stored === undefined ? { connType, extra: {} } : partsOf(stored);
      const { password, extra } = known as ConnectionParts;
      return connectionUrl(
        connId,
        changed(
          { connType, extra, ...(password === undefined ? {} : { password }) },
          { extra: {}, ...change, password: change.password ?? null },
        ),
      );
    },
  };
  return book;
}

/** What a change leaves of the parts and adds to them. */
function changed(before: ConnectionParts, change: Omit<ConnectionChange, 'description'>): ConnectionParts {
  const after: Record<string, unknown> = { ...before };
  for (const name of ['connType', 'host', 'port', 'login', 'password', 'schema', 'protocol'] as const) {
    const value = change[name];
    if (value === undefined || (name === 'password' && value === KEPT)) continue;
    if (value === null || value === '') delete after[name];
    else after[name] = value;
  }
  if (change.extra !== undefined) {
    const extra = Object.entries(change.extra ?? {}).flatMap(([name, value]): [string, string][] => {
      if (value !== KEPT) return [[name, value]];
      const kept = before.extra[name];
      return kept === undefined ? [] : [[name, kept]];
    });
    after.extra = Object.fromEntries(extra);
  }
  // The scheme of another type is none of the new one's.
  if (change.connType !== undefined && change.connType !== before.connType && change.protocol === undefined) delete after.protocol;
  return after as unknown as ConnectionParts;
}

function chosen(settings: Readonly<Record<string, string>>, wanted: (name: string) => boolean): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => wanted(name)));
}
