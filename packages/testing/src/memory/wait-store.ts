/** What waits, in memory. */
import { type TaskStatus, waitDueAt } from '@headrace/core';
import type {
  ClaimedAttempt,
  OpenWait,
  Page,
  WaitEnding,
  WaitFilter,
  WaitRecord,
  WaitStore,
  WatchedRun,
  WatchedRunFilter,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { TaskInstanceRow, WaitRow } from './rows.ts';
import { saveNotices } from './save-notices.ts';

const WAITING: ReadonlySet<string> = new Set(['deferred', 'awaiting_input']);
const MAY_LOOK: ReadonlySet<string> = new Set(['scheduled', 'queued', 'running']);

export function createWaitStore(db: MemoryDatabase): WaitStore {
  return {
    standing: async () => {
      const open = openRows(db);
      const dues = open.flatMap(({ wait }) => waitDueAt(wait) ?? []);
      return {
        assets: open.some(({ wait }) => wait.condition.kind === 'asset'),
        runs: open.some(({ wait }) => wait.condition.kind === 'run'),
        ...(dues.length === 0 ? {} : { nextDueAt: Math.min(...dues) }),
      };
    },
    due: async (limit) => {
      const dueAt = ({ wait }: WaitRow): number => waitDueAt(wait) ?? Number.POSITIVE_INFINITY;
      const due = counting(db).filter((row) => dueAt(row) <= db.now());
      return due
        .sort((a, b) => dueAt(a) - dueAt(b))
        .slice(0, limit)
        .map((row) => openWaitOf(db, row));
    },
    assetWaits: async (afterId, limit) => after(ofKind(db, 'asset'), afterId, limit).map((row) => openWaitOf(db, row)),
    watchedRuns: async (filter, limit) => watchedRuns(db, filter, limit),
    endWaits: async (endings) => db.transaction(() => new Set(endings.flatMap((ending) => (end(db, ending) ? [ending.waitId] : [])))),
    closeAbandoned: async (limit) =>
      db.transaction(() => {
        const abandoned = openRows(db)
          .filter((row) => !isLive(db, row))
          .slice(0, limit);
        for (const { waitId } of abandoned) db.waits.change(waitId, { ended: { at: db.now(), outcome: 'closed' } });
        return abandoned.length;
      }),
    byToken: async (tokenHash) => {
      const row = [...db.waits.rows()].find(({ wait }) => wait.tokenHash === tokenHash);
      return row === undefined ? undefined : recordOf(db, row);
    },
    waits: async (filter, page) => list(db, filter, page),
  };
}

/** What a claim tells of the waits of its try. */
export function waitsOfTry(
  db: MemoryDatabase,
  { taskInstanceId, state, triesBefore, firstStartedAt = Infinity }: TaskInstanceRow,
): Pick<ClaimedAttempt, 'waits' | 'openWait'> {
  const rows = [...db.waitsOfTask.get(taskInstanceId)].filter(
    (row) => row.tryNumber === state.attempt - triesBefore && row.enteredAt >= firstStartedAt,
  );
  const waits = rows.flatMap(({ wait: { key, condition }, ended }) => {
    if (ended === undefined || ended.outcome === 'closed') return [];
    const { outcome, json } = ended;
    return [{ key, condition, outcome, ...(json === undefined ? {} : { json }) }];
  });
  const open = rows.find(({ wait, ended }) => ended === undefined && wait.condition.kind === 'poll');
  return { ...(waits.length === 0 ? {} : { waits }), ...(open === undefined ? {} : { openWait: open.wait }) };
}

function openRows(db: MemoryDatabase): WaitRow[] {
  return [...db.openWaits.get('open')];
}

/** Those whose task instance is in the state that waits, with the attempt that entered the wait. */
function counting(db: MemoryDatabase): WaitRow[] {
  return openRows(db).filter((row) => counts(db, row));
}

function counts(db: MemoryDatabase, { taskInstanceId, attempt }: WaitRow): boolean {
  const { state } = db.tasks.require(taskInstanceId);
  return state.attempt === attempt && WAITING.has(state.status);
}

/** As `counts`; of a poll it may also be looking, or about to. */
function isLive(db: MemoryDatabase, row: WaitRow): boolean {
  if (row.ended !== undefined) return false;
  const { state } = db.tasks.require(row.taskInstanceId);
  if (state.attempt === row.attempt && (WAITING.has(state.status) || state.status === 'up_for_reschedule')) return true;
  return row.wait.condition.kind === 'poll' && MAY_LOOK.has(state.status) && state.attempt <= row.attempt + 1;
}

function ofKind(db: MemoryDatabase, kind: 'asset' | 'run'): WaitRow[] {
  return counting(db).filter(({ wait }) => wait.condition.kind === kind);
}

function after(rows: readonly WaitRow[], afterId: string | undefined, limit: number): readonly WaitRow[] {
  const ordered = rows.toSorted((a, b) => Number(a.waitId) - Number(b.waitId));
  return ordered.filter(({ waitId }) => afterId === undefined || Number(waitId) > Number(afterId)).slice(0, limit);
}

function sharedOf(db: MemoryDatabase, { waitId, wait, enteredAt, taskInstanceId, runKey }: WaitRow): Omit<OpenWait, 'attempt'> {
  const { dagId, runId, versionId } = db.runs.require(runKey);
  const { taskId, mapIndex } = db.tasks.require(taskInstanceId);
  return { ...wait, waitId, enteredAt, runKey, dagId, runId, versionId, taskInstanceId, taskId, mapIndex };
}

function openWaitOf(db: MemoryDatabase, row: WaitRow): OpenWait {
  return { ...sharedOf(db, row), attempt: row.attempt };
}

function recordOf(db: MemoryDatabase, row: WaitRow): WaitRecord {
  const record = { ...sharedOf(db, row), tryNumber: row.tryNumber };
  return isLive(db, row) ? record : { ...record, ended: row.ended ?? { at: row.enteredAt, outcome: 'closed' } };
}

function watchedRuns(db: MemoryDatabase, { runKeys, afterId }: WatchedRunFilter, limit: number): readonly WatchedRun[] {
  const wanted = runKeys === undefined ? undefined : new Set(runKeys);
  const seen = ofKind(db, 'run').map((row) => ({ row, ...seenBy(db, row) }));
  const chosen = seen.filter(({ runKey }) => wanted === undefined || (runKey !== undefined && wanted.has(runKey)));
  const rows = new Map(chosen.map((each) => [each.row, each]));
  return after([...rows.keys()], afterId, limit).map((row) => {
    const { run, tasks } = rows.get(row) ?? {};
    return { ...openWaitOf(db, row), ...(run === undefined ? {} : { run }), ...(tasks === undefined ? {} : { tasks }) };
  });
}

/** The run that the wait is for, if it is there. */
function seenBy(db: MemoryDatabase, { wait: { condition } }: WaitRow): Pick<WatchedRun, 'run' | 'tasks'> & { readonly runKey?: string } {
  if (condition.kind !== 'run') return {};
  const { dagId, run, taskId } = condition;
  const found = 'runId' in run ? db.runsById.first(`${dagId} ${run.runId}`) : db.runsByDate.first(`${dagId} ${run.logicalDate}`);
  if (found === undefined) return {};
  if (taskId === undefined) return { runKey: found.runKey, run: found.status };
  const tasks: TaskStatus[] = [...db.tasksOfRun.get(found.runKey)].filter((row) => row.taskId === taskId).map((row) => row.state.status);
  return { runKey: found.runKey, run: found.status, tasks: [...new Set(tasks)] };
}

function end(db: MemoryDatabase, { waitId, outcome, to, reason, json, user, error, notices = [] }: WaitEnding): boolean {
  const row = db.waits.get(waitId);
  if (row === undefined || row.ended !== undefined || !counts(db, row)) return false;
  const { taskInstanceId, runKey } = row;
  const task = db.tasks.require(taskInstanceId);
  const now = db.now();
  db.waits.change(waitId, {
    ended: { at: now, outcome, ...(json === undefined ? {} : { json }), ...(user === undefined ? {} : { user }) },
  });
  const isReady = to === 'scheduled';
  const { state } = db.tasks.change(taskInstanceId, {
    state: { status: to, attempt: task.state.attempt },
    reason,
    error: error ?? task.error,
    ...(isReady ? { scheduledAt: now } : { endedAt: now }),
  });
  db.tell([{ type: 'task', runKey, taskInstanceId, to: state }]);
  saveNotices(db, notices);
  return true;
}

function list(
  db: MemoryDatabase,
  filter: WaitFilter,
  { limit, offset, orderBy = ['id'] }: Page,
): { readonly items: readonly WaitRecord[]; readonly total: number } {
  const { taskStatuses } = filter;
  const found = [...db.waits.rows()]
    .filter(({ taskInstanceId }) => taskStatuses?.includes(db.tasks.require(taskInstanceId).state.status) ?? true)
    .map((row) => recordOf(db, row))
    .filter((wait) => matches(wait, filter));
  const direction = orderBy[0]?.startsWith('-') === true ? -1 : 1;
  found.sort((a, b) => direction * (Number(a.waitId) - Number(b.waitId)));
  return { items: found.slice(offset, offset + limit), total: found.length };
}

function matches(wait: WaitRecord, filter: WaitFilter): boolean {
  const { condition } = wait;
  const form = condition.kind === 'input' ? condition.form : undefined;
  const { dagId, dagIds, runId, taskId, mapIndex, tryNumber, kinds, open, assignee } = filter;
  return (
    (dagId === undefined || wait.dagId === dagId) &&
    (dagIds?.includes(wait.dagId) ?? true) &&
    (runId === undefined || wait.runId === runId) &&
    (taskId === undefined || wait.taskId === taskId) &&
    (mapIndex === undefined || wait.mapIndex === mapIndex) &&
    (tryNumber === undefined || wait.tryNumber === tryNumber) &&
    (kinds === undefined || kinds.includes(condition.kind)) &&
    (open === undefined || (wait.ended === undefined) === open) &&
    (assignee === undefined || (form !== undefined && (form.assignees.length === 0 || form.assignees.includes(assignee))))
  );
}
