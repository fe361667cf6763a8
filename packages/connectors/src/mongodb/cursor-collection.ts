/**
 * `_headrace_cursor`: the cursors of loads into a database, beside `_headrace_load`.
 *
 * R1. A load reserves the cursor before it writes its first row, and moves it after its last: of two loads that read from the same place
 *     one writes rows. A reservation that nobody renews, because its attempt is gone, ends after a while; a retry of the same load takes it up.
 *     It is a document of its own that is inserted: of two inserts one succeeds, also on a server that updates in two steps.
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
const RESERVATIONS = '_headrace_cursor_reservation';
/** A reservation that is older than that is nobody's any more. */
const RESERVED_MS = 120_000;
const RENEW_MS = 20_000;
const ASK_AGAIN_MS = 100;

interface CursorDocument {
  readonly _id: string;
  readonly table: string;
  readonly state: string;
  readonly load_id: string | null;
  readonly updated_at: Date;
}

interface ReservationDocument {
  /** The cursor's name. */
  readonly _id: string;
  readonly load_id: string;
  readonly renewed_at: Date;
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
  const reservations = db.collection<ReservationDocument>(RESERVATIONS);
  const { name } = move;
  const mine = { _id: name, load_id: loadId };
  const release = async (): Promise<void> => void (await reservations.deleteOne(mine).catch(() => {}));
  const nothing = { renew: async () => {}, commit: async () => {}, release: async () => {} };
  if (!mayMove(heldOf(await cursors.findOne({ _id: name })), move, loadId, WHERE)) return nothing;
  while (!(await reserve(reservations, mine))) await sleep(ASK_AGAIN_MS, undefined, { signal });
  // Whoever had it meanwhile may have moved the cursor.
  const held = await cursors.findOne({ _id: name });
  try {
    if (!mayMove(heldOf(held), move, loadId, WHERE)) {
      await release();
      return nothing;
    }
  } catch (error) {
    await release();
    throw error;
  }
  let renewed = Date.now();
  return {
    async renew() {
      if (Date.now() - renewed < RENEW_MS) return;
      renewed = Date.now();
      await reservations.updateOne(mine, { $set: { renewed_at: new Date() } });
    },
    async commit() {
      const moved = { table, state: JSON.stringify(move.after), load_id: loadId, updated_at: new Date() };
      const reserved = (await reservations.findOne({ _id: name }))?.load_id === loadId;
      // Another attempt of this load may have done it.
      if (!(reserved && (await put(cursors, held, { _id: name, ...moved })))) {
        if (mayMove(heldOf(await cursors.findOne({ _id: name })), move, loadId, WHERE)) throw new CursorMovedError(name, WHERE);
      }
      await release();
    },
    release,
  };
}

/** Whether the reservation is this load's now: one that has run out is removed first. */
async function reserve(
  reservations: Collection<ReservationDocument>,
  mine: { readonly _id: string; readonly load_id: string },
): Promise<boolean> {
  const wanted = { ...mine, renewed_at: new Date() };
  if (await inserted(reservations.insertOne(wanted))) return true;
  const taken = await reservations.findOne({ _id: mine._id });
  if (taken?.load_id === mine.load_id) {
    await reservations.updateOne(mine, { $set: { renewed_at: wanted.renewed_at } });
    return true;
  }
  if (taken !== null && Date.now() - Number(taken.renewed_at) >= RESERVED_MS) await reservations.deleteOne({ ...taken });
  return false;
}

/** Whether the cursor was still as it had been, and is now as given. */
async function put(cursors: Collection<CursorDocument>, before: CursorDocument | null, after: CursorDocument): Promise<boolean> {
  if (before === null) return inserted(cursors.insertOne(after));
  const { _id, ...moved } = after;
  return (await cursors.updateOne({ _id, state: before.state }, { $set: moved })).matchedCount === 1;
}

async function inserted(insert: Promise<unknown>): Promise<boolean> {
  try {
    await insert;
    return true;
  } catch (error) {
    if (codeOf(error) === DUPLICATE_KEY) return false;
    throw error;
  }
}

function heldOf(held: CursorDocument | null): { readonly state: CursorState; readonly loadId?: string } | undefined {
  if (held === null) return undefined;
  return { state: JSON.parse(held.state) as CursorState, ...(held.load_id === null ? {} : { loadId: held.load_id }) };
}

/** The cursors that are kept in a database. */
export const cursorCollection: CursorHome = {
  read: (place, name, work) => reach(place, work, async (cursors) => heldOf(await cursors.findOne({ _id: name }))?.state),

  list: (place, work) =>
    reach(place, work, async (cursors) => {
      const table = place.settings.name === undefined ? {} : { table: String(place.settings.name) };
      const found = await cursors.find(table).sort({ _id: 1 }).toArray();
      return found.map(
        (each): StoredCursor => ({
          name: each._id,
          table: each.table,
          state: JSON.parse(each.state) as CursorState,
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
      await cursors.updateOne({ _id: name }, { $set: set }, { upsert: true });
    }),
};

function reach<T>(place: Place, work: Reach, use: (cursors: Collection<CursorDocument>) => Promise<T>): Promise<T> {
  return withMongo(work.connection(place.connection), work.signal, ({ db }) => use(db.collection<CursorDocument>(CURSORS)));
}
