/**
 * `_headrace_cursor`: the cursors of loads into a database, beside `_headrace_load`.
 *
 * R1. A load reserves the cursor before it writes its first row, and moves it after its last: of two loads that read from the same place
 *     one writes rows. A reservation that nobody renews, because its attempt is gone, ends after a while; a retry of the same load takes it up.
 * R2. The state is kept as its text: MongoDB would write some numbers, and names with dots, in another way.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CursorHome, CursorMovedError, mayMove, type Reach, type StoredCursor } from '@headrace/dataplane';
import type { CursorMove, CursorState, Place } from '@headrace/sdk';
import type { Collection, Db } from 'mongodb';
import { codeOf, withMongo } from './connect.ts';
import { DUPLICATE_KEY, type LoadClaim } from './load-record.ts';

const CURSORS = '_headrace_cursor';
const WHERE = CURSORS;
/** A reservation that is older than that is nobody's any more. */
const RESERVED_MS = 120_000;
const RENEW_MS = 20_000;
const ASK_AGAIN_MS = 100;

interface CursorDocument {
  readonly _id: string;
  readonly table: string;
  /** Null while the first load is under way. */
  readonly state: string | null;
  readonly load_id: string | null;
  readonly updated_at: Date;
  readonly pending_load: string | null;
  readonly pending_at: Date | null;
}

export interface Reservation {
  /** From time to time, while the load goes on. */
  renew(): Promise<void>;
  /** Moves the cursor. Throws CursorMovedError when somebody has moved it since. */
  commit(): Promise<void>;
  /** Gives it back, as it was. */
  release(): Promise<void>;
}

/** Waits while another load has the cursor. Throws CursorMovedError when it is not, or no longer, where the rows were read from. */
export async function reserveCursor(
  db: Db,
  table: string,
  move: CursorMove,
  { loadId }: LoadClaim,
  signal: AbortSignal,
): Promise<Reservation> {
  const cursors = db.collection<CursorDocument>(CURSORS);
  const { name } = move;
  for (;;) {
    signal.throwIfAborted();
    const held = await cursors.findOne({ _id: name });
    const mayBeMoved = mayMove(heldOf(held), move, loadId, WHERE);
    if (!mayBeMoved) return { renew: async () => {}, commit: async () => {}, release: async () => {} };
    const taken = held?.pending_load != null && held.pending_load !== loadId && Date.now() - Number(held.pending_at) < RESERVED_MS;
    if (!taken && (await reserve(cursors, held, { _id: name, table, loadId }))) break;
    await sleep(ASK_AGAIN_MS, undefined, { signal });
  }
  const mine = { _id: name, pending_load: loadId };
  const free = { pending_load: null, pending_at: null };
  let renewed = Date.now();
  return {
    async renew() {
      if (Date.now() - renewed < RENEW_MS) return;
      renewed = Date.now();
      await cursors.updateOne(mine, { $set: { pending_at: new Date() } });
    },
    async commit() {
      const moved = { table, state: JSON.stringify(move.after), load_id: loadId, updated_at: new Date(), ...free };
      if ((await cursors.updateOne(mine, { $set: moved })).matchedCount === 1) return;
      // Another attempt of this load has done it.
      if (mayMove(heldOf(await cursors.findOne({ _id: name })), move, loadId, WHERE)) throw new CursorMovedError(name, WHERE);
    },
    async release() {
      await cursors.updateOne(mine, { $set: free }).catch(() => {});
    },
  };
}

async function reserve(
  cursors: Collection<CursorDocument>,
  held: CursorDocument | null,
  { _id, table, loadId }: { readonly _id: string; readonly table: string; readonly loadId: string },
): Promise<boolean> {
  const pending = { pending_load: loadId, pending_at: new Date() };
  if (held !== null) {
    const { state, pending_load } = held;
    return (await cursors.updateOne({ _id, state, pending_load }, { $set: pending })).matchedCount === 1;
  }
  try {
    await cursors.insertOne({ _id, table, state: null, load_id: null, updated_at: new Date(), ...pending });
    return true;
  } catch (error) {
    if (codeOf(error) === DUPLICATE_KEY) return false;
    throw error;
  }
}

function heldOf(held: CursorDocument | null): { readonly state: CursorState; readonly loadId?: string } | undefined {
  if (held === null || held.state === null) return undefined;
  return { state: JSON.parse(held.state) as CursorState, ...(held.load_id === null ? {} : { loadId: held.load_id }) };
}

/** The cursors that are kept in a database. */
export const cursorCollection: CursorHome = {
  read: (place, name, work) => reach(place, work, async (cursors) => heldOf(await cursors.findOne({ _id: name }))?.state),

  list: (place, work) =>
    reach(place, work, async (cursors) => {
      const table = place.settings.name === undefined ? {} : { table: String(place.settings.name) };
      const found = await cursors
        .find({ ...table, state: { $ne: null } })
        .sort({ _id: 1 })
        .toArray();
      return found.map(
        (each): StoredCursor => ({
          name: each._id,
          table: each.table,
          state: JSON.parse(each.state ?? '{}') as CursorState,
          updatedAt: each.updated_at,
          ...(each.load_id === null ? {} : { loadId: each.load_id }),
        }),
      );
    }),

  set: (place, name, state, work) =>
    reach(place, work, async (cursors) => {
      if (state === undefined) {
        await cursors.deleteOne({ _id: name });
        return;
      }
      const set = { table: String(place.settings.name ?? ''), state: JSON.stringify(state), load_id: null, updated_at: new Date() };
      await cursors.updateOne({ _id: name }, { $set: { ...set, pending_load: null, pending_at: null } }, { upsert: true });
    }),
};

function reach<T>(place: Place, work: Reach, use: (cursors: Collection<CursorDocument>) => Promise<T>): Promise<T> {
  return withMongo(work.connection(place.connection), work.signal, ({ db }) => use(db.collection<CursorDocument>(CURSORS)));
}
