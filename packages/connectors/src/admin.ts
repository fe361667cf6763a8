/**
 * What people do with a connection's data outside of any run: see and set cursors, see and remove packages. Opened for one call.
 */
import {
  type CursorHome,
  DataError,
  type FileRoot,
  type KeptPackage,
  keptPackages,
  lakeTarget,
  nearest,
  type Reach,
  type StoredCursor,
  sweepPackages,
} from '@headrace/dataplane';
import type { ConnectionSettings, CursorState, Place } from '@headrace/sdk';
import { openRoot } from './roots/open-root.ts';

export type { KeptPackage, StoredCursor } from '@headrace/dataplane';

export { testConnection } from './test-connection.ts';

interface Keeper {
  readonly connector: string;
  readonly home: () => Promise<CursorHome | undefined>;
}

const LAKE: Keeper = { connector: 'lake', home: async () => lakeTarget.cursors };
const POSTGRES: Keeper = { connector: 'postgres', home: async () => (await import('./postgres/cursor-table.ts')).postgresCursors };
const MONGODB: Keeper = { connector: 'mongodb', home: async () => (await import('./mongodb/cursor-collection.ts')).cursorCollection };
const MYSQL: Keeper = { connector: 'mysql', home: async () => (await import('./mysql/cursor-table.ts')).mysqlCursors };

/** Who keeps the cursors of a connection, by the scheme of its URL. */
const KEEPERS: Readonly<Record<string, Keeper>> = {
  'file:': LAKE,
  's3:': LAKE,
  'postgres:': POSTGRES,
  'postgresql:': POSTGRES,
  'mysql:': MYSQL,
  'mariadb:': MYSQL,
  'mongodb:': MONGODB,
  'mongodb+srv:': MONGODB,
};

/** Cursors that are kept with the data of a connection, of one table or all. */
export function listCursors(connection: ConnectionSettings, table?: string): Promise<readonly StoredCursor[]> {
  return withHome(connection, table, (home, place, reach) => home.list(place, reach));
}

/** Throws DataError HR_CURSOR_NOT_FOUND with the nearest names. */
export async function findCursor(connection: ConnectionSettings, name: string, table?: string): Promise<StoredCursor> {
  const listed = await listCursors(connection, table);
  const found = listed.filter((each) => each.name === name);
  const [cursor] = found;
  const where = `${table === undefined ? 'connection' : `table "${table}" of connection`} "${connection.id}"`;
  if (cursor === undefined) {
    throw new DataError(
      'HR_CURSOR_NOT_FOUND',
      `There is no cursor "${name}" in ${where}${nearest(
        name,
        listed.map((each) => each.name),
      )}`,
    );
  }
  if (found.length > 1) {
    throw new DataError(
      'HR_CURSOR_AMBIGUOUS',
      `Several tables of ${where} have a cursor "${name}": ${found.map((each) => each.table).join(', ')}. Name one of them`,
    );
  }
  return cursor;
}

/**
 * Sets a cursor to a value, in the column type's own form; the next run reads from it on, and knows of no row that was loaded before.
 * A position of the source is kept.
 */
export async function rewindCursor(connection: ConnectionSettings, name: string, value: string, table?: string): Promise<StoredCursor> {
  const { table: keeper, state } = await findCursor(connection, name, table);
  const rewound: CursorState = { value, ...(state.position === undefined ? {} : { position: state.position }) };
  await withHome(connection, keeper, (home, place, reach) => home.set(place, name, rewound, reach));
  return findCursor(connection, name, keeper);
}

/** Forgets a cursor: the next run begins as the first one did. */
export async function resetCursor(connection: ConnectionSettings, name: string, table?: string): Promise<StoredCursor> {
  const cursor = await findCursor(connection, name, table);
  await withHome(connection, cursor.table, (home, place, reach) => home.set(place, name, undefined, reach));
  return cursor;
}

/** Packages under the connection's root, oldest first. */
export function listPackages(connection: ConnectionSettings): Promise<readonly KeptPackage[]> {
  return withRoot(connection, keptPackages);
}

/** Removes packages that were last made before an instant (epoch milliseconds). Answers with them. */
export function cleanPackages(connection: ConnectionSettings, madeBefore: number): Promise<readonly KeptPackage[]> {
  return withRoot(connection, (root) => sweepPackages(root, madeBefore));
}

async function withHome<T>(
  connection: ConnectionSettings,
  table: string | undefined,
  use: (home: CursorHome, place: Place, reach: Reach) => Promise<T>,
): Promise<T> {
  const scheme = /^[a-z0-9+.-]+:/i.exec(connection.url)?.[0].toLowerCase() ?? '';
  const keeper = KEEPERS[scheme];
  const home = await keeper?.home();
  if (keeper === undefined || home === undefined) {
    throw new DataError(
      'HR_CURSOR_UNSUPPORTED',
      `Connection "${connection.id}" keeps no cursors: its URL begins with "${scheme}", and they are kept with the tables of ${Object.keys(KEEPERS).join(', ')}`,
    );
  }
  const roots: Promise<FileRoot>[] = [];
  const reach: Reach = {
    signal: new AbortController().signal,
    connection: () => connection,
    root() {
      const [opened = openRoot(connection)] = roots;
      roots[0] = opened;
      return opened;
    },
  };
  const place = {
    connector: keeper.connector,
    connection: connection.id,
    kind: 'table',
    settings: table === undefined ? {} : { name: table },
  };
  try {
    return await use(home, place, reach);
  } finally {
    for (const root of await Promise.allSettled(roots)) if (root.status === 'fulfilled') await root.value.close();
  }
}

async function withRoot<T>(connection: ConnectionSettings, use: (root: FileRoot) => Promise<T>): Promise<T> {
  const root = await openRoot(connection);
  try {
    return await use(root);
  } finally {
    await root.close();
  }
}
