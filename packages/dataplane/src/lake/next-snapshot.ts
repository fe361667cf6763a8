/** What the next snapshot of a lake table is, given the newest one and a change. Pure. See `lake-snapshot.ts` for what holds. */
import type { Column, CursorMove, DispositionName } from '@headrace/sdk';
import { mayMove, sameCursor } from '../cursor/cursor-state.ts';
import { DataError, FencedCommitError } from '../errors.ts';
import { type LakeCursor, type LakeFile, type LakeSnapshot, schemaHash } from './lake-snapshot.ts';
import { mergeColumns } from './merge-columns.ts';

export interface LakeChange {
  readonly table: string;
  readonly loadId: string;
  readonly fence: { readonly taskInstanceId: string; readonly attempt: number };
  readonly disposition: DispositionName;
  /** Of `merge` and `scd2`: paths of the files that the new ones take the place of. */
  readonly replaces?: readonly string[];
  /** Of `scd2`: see LoadMark. */
  readonly history?: { readonly asOf: number; readonly task: string };
  readonly partition: Readonly<Record<string, string>>;
  readonly columns: readonly Column[];
  /** Columns that may become these wider types. */
  readonly widen?: readonly Column[];
  readonly partitionColumns: readonly Column[];
  readonly files: readonly LakeFile[];
  /** When the first of the files was written, epoch milliseconds. */
  readonly writtenAt?: number;
  /** Moved with the rows. */
  readonly cursor?: CursorMove;
}

/** How long superseded files stay for readers that still have an older snapshot. */
export const SUPERSEDED_FOR_MS = 60 * 60 * 1000;
/** Files that no snapshot names are removed after a day (`lake-orphans.ts`): who slept for so long must not name them. */
const COMMIT_WITHIN_MS = 12 * 60 * 60 * 1000;
/** How long a load's last attempt is remembered. */
const LOADS_FOR_MS = 30 * 24 * 60 * 60 * 1000;

/** Whether the table already holds exactly this load, so that there is nothing to write. */
export function holdsLoad(snapshot: LakeSnapshot | undefined, change: Omit<LakeChange, 'files'>, hashes: readonly string[]): boolean {
  if (!snapshot) return false;
  const { kept, outgoing } = split(snapshot, change);
  const held = outgoing.map((file) => file.sha256).sort();
  return (
    held.length > 0 &&
    outgoing.every((file) => file.loadId === change.loadId) &&
    held.join() === [...hashes].sort().join() &&
    snapshot.schemaHash === schemaHash(mergeColumns(snapshot, change, kept.length > 0, change.table))
  );
}

/** Throws FencedCommitError when a newer attempt of the same task instance has committed this load. */
export function checkFence(snapshot: LakeSnapshot | undefined, change: Omit<LakeChange, 'files'>, where: string): void {
  const mark = snapshot?.loads[change.loadId];
  if (mark && mark.taskInstanceId === change.fence.taskInstanceId && mark.attempt > change.fence.attempt) {
    throw new FencedCommitError(where, change.fence.attempt, mark.attempt);
  }
}

/** The next snapshot. Throws FencedCommitError, CursorMovedError, SchemaChangedError. */
export function applyChange(before: LakeSnapshot | undefined, change: LakeChange, where: string, now: number): LakeSnapshot {
  checkFence(before, change, where);
  if (now - (change.writtenAt ?? now) > COMMIT_WITHIN_MS)
    throw new DataError('HR_LAKE_STALE', `${where}: the rows were written too long ago to be committed. Nothing was changed`, {
      retryable: true,
    });
  if (change.disposition === 'append' && before?.loads[change.loadId]?.merged) {
    throw new DataError(
      'HR_LAKE_MERGED',
      `${where}: a merge has rewritten the rows that this load appended before, and they cannot be told from others any more. Nothing was changed: append to one table, and merge into another`,
    );
  }
  const { kept, outgoing } = before ? split(before, change) : { kept: [], outgoing: [] };
  const columns = mergeColumns(before, change, kept.length > 0, where);
  const cursors = nextCursors(before, change, where, now);
  const files = [...kept, ...change.files];
  return {
    format: 1,
    version: (before?.version ?? 0) + 1,
    committedAt: now,
    loadId: change.loadId,
    schemaHash: schemaHash(columns),
    columns,
    partitionColumns: change.partitionColumns,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    files,
    loads: {
      ...knownLoads(before, change, outgoing, now),
      [change.loadId]: { taskInstanceId: change.fence.taskInstanceId, attempt: change.fence.attempt, at: now, ...change.history },
    },
    ...(cursors === undefined ? {} : { cursors }),
    superseded: [
      // Listed for a while after they were due, so that a removal that failed is tried again.
      ...(before?.superseded ?? []).filter((file) => now - file.at < 2 * SUPERSEDED_FOR_MS),
      ...outgoing.map((file) => ({ path: file.path, at: now })),
    ],
  };
}

/** The loads that are remembered. Which files were rewritten by a merge is remembered as long as their rows may be there. */
function knownLoads(
  before: LakeSnapshot | undefined,
  { disposition, replaces }: Omit<LakeChange, 'files'>,
  outgoing: readonly LakeFile[],
  now: number,
): LakeSnapshot['loads'] {
  const rewritten = new Set(replaces ? outgoing.map(({ loadId }) => loadId) : []);
  return Object.fromEntries(
    Object.entries(before?.loads ?? {})
      .filter(([, mark]) => now - mark.at < LOADS_FOR_MS || mark.merged)
      .map(([loadId, { merged, ...mark }]) => {
        const stays = disposition !== 'replace' && (merged || rewritten.has(loadId));
        return [loadId, stays ? { ...mark, merged: true as const } : mark];
      }),
  );
}

/** Whether the table's cursor is already where the change moves it. True for a change that moves none. */
export function holdsCursor(snapshot: LakeSnapshot, { cursor, loadId }: Omit<LakeChange, 'files'>): boolean {
  if (cursor === undefined) return true;
  const held = snapshot.cursors?.[cursor.name];
  return held?.loadId === loadId && sameCursor(held.state, cursor.after);
}

function nextCursors(
  before: LakeSnapshot | undefined,
  { cursor, loadId }: Omit<LakeChange, 'files'>,
  where: string,
  now: number,
): Readonly<Record<string, LakeCursor>> | undefined {
  const cursors = before?.cursors;
  if (cursor === undefined || !mayMove(cursors?.[cursor.name], cursor, loadId, where)) return cursors;
  return { ...cursors, [cursor.name]: { state: cursor.after, at: now, loadId } };
}

function split(snapshot: LakeSnapshot, change: Omit<LakeChange, 'files'>): { kept: readonly LakeFile[]; outgoing: readonly LakeFile[] } {
  const partition = JSON.stringify(change.partition);
  const leaves = (file: LakeFile): boolean => {
    if (change.disposition === 'replace') return true;
    if (change.replaces) return change.replaces.includes(file.path);
    if (change.disposition === 'replace-partition') return JSON.stringify(file.partition) === partition;
    return file.loadId === change.loadId;
  };
  return { kept: snapshot.files.filter((file) => !leaves(file)), outgoing: snapshot.files.filter(leaves) };
}
