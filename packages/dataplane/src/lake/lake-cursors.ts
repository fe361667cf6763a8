/** Cursors of lake tables: they are in the snapshot, so that one commit writes rows and cursor or neither. */
import type { CursorHome, StoredCursor } from '../connector.ts';
import { DataError } from '../errors.ts';
import { checkedPath, type FileRoot, urlOf } from '../file-root.ts';
import { commitNext } from './lake-commit.ts';
import { type LakeSnapshot, lakeTables, newestSnapshot } from './lake-snapshot.ts';

export const lakeCursors: CursorHome = {
  async read({ connection, settings }, name, work) {
    const snapshot = await newestSnapshot(await work.root(connection), tableOf(settings));
    return snapshot?.cursors?.[name]?.state;
  },

  async list({ connection, settings }, work) {
    const root = await work.root(connection);
    const tables = settings.name === undefined ? await lakeTables(root) : [tableOf(settings)];
    const found: StoredCursor[] = [];
    for (const table of tables) found.push(...(await cursorsOf(root, table)));
    return found;
  },

  async set({ connection, settings }, name, state, work) {
    const root = await work.root(connection);
    const table = tableOf(settings);
    await commitNext(root, table, Date.now, (before) => {
      if (before === undefined) {
        throw new DataError(
          'HR_TABLE_NOT_FOUND',
          `There is no lake table ${urlOf(root, table)}, and a cursor is kept with its table: say where the first run begins with the cursor's "initial"`,
        );
      }
      return withCursor(before, name, state, Date.now());
    });
  },
};

function withCursor(before: LakeSnapshot, name: string, state: StoredCursor['state'] | undefined, now: number): LakeSnapshot {
  const { [name]: _, ...others } = before.cursors ?? {};
  const cursors = state === undefined ? others : { ...others, [name]: { state, at: now } };
  return { ...before, version: before.version + 1, committedAt: now, cursors };
}

async function cursorsOf(root: FileRoot, table: string): Promise<readonly StoredCursor[]> {
  const snapshot = await newestSnapshot(root, table);
  return Object.entries(snapshot?.cursors ?? {}).map(([name, { state, at, loadId }]) => ({
    name,
    table,
    state,
    updatedAt: new Date(at),
    ...(loadId === undefined ? {} : { loadId }),
  }));
}

function tableOf({ name }: Readonly<Record<string, unknown>>): string {
  return checkedPath(String(name));
}
