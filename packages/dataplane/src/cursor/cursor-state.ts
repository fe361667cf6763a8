/** When a cursor may move. Pure: every home asks here, inside the commit that writes the rows. */
import type { CursorMove, CursorState } from '@headrace/sdk';
import { CursorMovedError } from '../errors.ts';

/** A cursor as a home has it. */
export interface HeldCursor {
  readonly state: CursorState;
  /** The load that moved it; absent when a person set it. */
  readonly loadId?: string | undefined;
}

/**
 * Compare and set. True: write `move.after`. False: this load has moved it already. Throws CursorMovedError, and then nothing may be
 * published: the rows were read from where the cursor no longer is. `where` names the place.
 */
export function mayMove(held: HeldCursor | undefined, move: CursorMove, loadId: string, where: string): boolean {
  if (sameCursor(held?.state, move.before)) return true;
  if (held?.loadId === loadId && sameCursor(held.state, move.after)) return false;
  throw new CursorMovedError(move.name, where);
}

/** Whether two states are the same, whatever home they come from. None is the same as an empty one. */
export function sameCursor(a: CursorState | null | undefined, b: CursorState | null | undefined): boolean {
  return canonicalJson(a ?? {}) === canonicalJson(b ?? {});
}

/** JSON with the members of objects in the order of their names: a database may give them in another order than it got them. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : each,
  );
}
