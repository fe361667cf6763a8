/**
 * What a person did to a run, as decided by the core.
 *
 * Promises: all of it or nothing; nothing if the run, or a task instance to be changed, is not as it was when the
 * decision was made. Tries that are cleared stay in `task_try`, their results in `task_result`. Schedulers hear of the
 * run, workers of the attempts that are taken from them.
 */
import type { RunStatus } from '@headrace/core';
import type { CommandRecord, RunDecision, VersionChange } from '@headrace/ports';
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { saveMoves } from '../moves.ts';
import { saveNotices } from '../notices/save-notices.ts';
import { tellRevoked, tellRuns } from '../notification.ts';
import { addTasks } from '../scheduler/insert-tasks.ts';
import { storableJson } from '../storable-json.ts';
import { transaction } from '../transaction.ts';
import { changeVersion } from './change-version.ts';

const LOCK_RUN = `select revision, state from dag_run where id = $1 for no key update`;

/** While the run is locked it is not started, and gets no further task instances. */
const COUNT_TASKS = `select count(*)::integer as tasks from task_instance where dag_run_id = $1`;

/** Parameter: task instances. */
const LOCK_TASKS = `
  select id, attempt_id, state, attempt from task_instance where id = any($1) order by id for no key update`;

/** Parameters: run key, new status or null, what it remembers or null. A run that is to begin again has neither begun nor ended. */
const RAISE_REVISION = `
  update dag_run
  set revision = revision + 1, state = coalesce($2::text, state), progress = coalesce($3::jsonb, progress), last_decision_at = now(),
    queued_at = case when $2::text = 'queued' then now() else queued_at end,
    started_at = case when $2::text = 'queued' then null else started_at end,
    ended_at = case when $2::text in ('success', 'failed') then now() when $2::text is null then ended_at end
  where id = $1`;

export async function saveCommand(pool: pg.Pool, decision: RunDecision, command: CommandRecord, version?: VersionChange): Promise<boolean> {
  return transaction(pool, async (client) => {
    if (!(await isAsSeen(client, decision, command))) return false;
    const revoked = await lockTasks(client, decision);
    if (revoked === undefined) return false;
    await saveMoves(client, decision.changes);
    if (version !== undefined) await changeVersion(client, decision.runKey, version);
    if (decision.created !== undefined && decision.created.length > 0) await addTasks(client, decision.runKey, decision.created);
    const progress = decision.progress === undefined ? null : storableJson(decision.progress);
    await client.query(RAISE_REVISION, [decision.runKey, decision.status ?? null, progress]);
    await saveNotices(client, decision.notices ?? []);
    await record(client, decision, command);
    await tellRevoked(client, revoked);
    await tellRuns(client, [decision.runKey]);
    return true;
  });
}

async function isAsSeen(client: Queryable, { runKey, revision }: RunDecision, { seen }: CommandRecord): Promise<boolean> {
  const { rows } = await client.query<{ revision: number; state: RunStatus }>(LOCK_RUN, [runKey]);
  if (rows[0]?.revision !== revision) return false;
  if (seen === undefined) return true;
  if (rows[0].state !== seen.status) return false;
  const counted = await client.query<{ tasks: number }>(COUNT_TASKS, [runKey]);
  return counted.rows[0]?.tasks === seen.tasks;
}

/** The attempts that run and will be taken from their workers; undefined when a task instance is not as it was thought to be. */
async function lockTasks(client: Queryable, { changes }: RunDecision): Promise<readonly string[] | undefined> {
  if (changes.length === 0) return [];
  const { rows } = await client.query<{ id: string; attempt_id: string | null; state: string; attempt: number }>(LOCK_TASKS, [
    changes.map((change) => change.taskInstanceId),
  ]);
  const tasks = new Map(rows.map((row) => [row.id, row]));
  const revoked: string[] = [];
  for (const { taskInstanceId, from, fromAttempt } of changes) {
    const task = tasks.get(taskInstanceId);
    if (task?.state !== from || task.attempt !== fromAttempt) return undefined;
    if ((from === 'running' || from === 'restarting') && task.attempt_id !== null) revoked.push(task.attempt_id);
  }
  return revoked;
}

async function record(client: Queryable, { runKey, status, changes }: RunDecision, command: CommandRecord): Promise<void> {
  const detail = {
    ...(status === undefined ? {} : { status }),
    tasks: changes.map(({ taskInstanceId, from, to }) => ({ taskInstanceId, from, to: to.status })),
  };
  await client.query('insert into run_event (dag_run_id, name, username, detail) values ($1, $2, $3, $4)', [
    runKey,
    command.name,
    command.user ?? null,
    storableJson(detail),
  ]);
}
