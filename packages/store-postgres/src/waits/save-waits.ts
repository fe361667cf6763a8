/**
 * Waits that task instances enter, and those that ended within an attempt, saved in the transaction that ends the attempt.
 *
 * A poll that goes on keeps its row, so that its timeout counts from its beginning. Any other wait that is still open is one of before a
 * clear: nobody waits for it any more.
 */
import { type Wait, waitDueAt } from '@headrace/core';
import type { EndedWait } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { tellDuty } from '../notification.ts';
import { storableJson } from '../storable-json.ts';
import { timestampOrNull } from '../timestamp.ts';

const WAIT_DUTY = 'waits';

export interface EnteredWait {
  readonly taskInstanceId: string;
  readonly runKey: string;
  readonly attempt: number;
  readonly wait?: Wait;
  /** Waits that ended in this attempt, in order. */
  readonly ended?: readonly EndedWait[];
}

/** Parameter: task instances, whose rows the caller has locked. `current`: of the try that is ending. */
const OPEN = `
  select w.id, w.task_instance_id, w.key, w.kind,
    w.entered_at >= t.first_started_at and w.try_number = t.attempt - t.tries_before + case when t.state = any($2) then 1 else 0 end as current
  from task_instance t join wait w on w.task_instance_id = t.id
  where t.id = any($1) and w.ended_at is null`;

/** In these the attempt that has just ended has been counted out of the tries already. */
const COUNTED_OUT = ['deferred', 'awaiting_input', 'up_for_reschedule'];

/** Parameters, one array entry a row: ids, attempts or null, outcomes (null: it goes on), results. */
const UPDATE = `
  update wait w
  set attempt = coalesce(u.attempt, w.attempt), outcome = u.outcome, result = u.result,
    ended_at = case when u.outcome is not null then now() end
  from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[]) as u (id, attempt, outcome, result)
  where w.id = u.id`;

/** Parameters, one array entry a row; then the states of `OPEN`. */
const INSERT = `
  insert into wait (task_instance_id, attempt, try_number, key, kind, condition, on_timeout, timeout_at, due_at, token_hash, outcome, result,
    ended_at, asset, of_dag_id, of_run_id, of_logical_date, of_task_id)
  select i.id, i.attempt, t.attempt - t.tries_before + case when t.state = any($12) then 1 else 0 end, i.key, i.condition ->> 'kind', i.condition,
    i.on_timeout, i.timeout_at, i.due_at, i.token_hash, i.outcome, i.result, case when i.outcome is not null then now() end,
    case when i.condition ->> 'kind' = 'asset' then i.condition ->> 'name' end,
    case when i.condition ->> 'kind' = 'run' then i.condition ->> 'dagId' end,
    i.condition -> 'run' ->> 'runId', to_timestamp((i.condition -> 'run' ->> 'logicalDate')::double precision / 1000), i.condition ->> 'taskId'
  from unnest($1::bigint[], $2::integer[], $3::text[], $4::jsonb[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[],
    $10::text[], $11::integer[]) as i (id, attempt, key, condition, on_timeout, timeout_at, due_at, token_hash, outcome, result, place)
  join task_instance t on t.id = i.id
  order by i.id, i.place`;

interface OpenRow {
  readonly id: string;
  readonly task_instance_id: string;
  readonly key: string;
  readonly kind: string;
  readonly current: boolean;
}

interface Change {
  readonly id: string;
  /** It goes on in this attempt. */
  readonly attempt?: number;
  readonly outcome?: string;
  readonly result?: string;
}

interface NewRow extends Pick<Wait, 'key' | 'condition'> {
  readonly taskInstanceId: string;
  readonly attempt: number;
  readonly onTimeout: Wait['onTimeout'];
  readonly wait?: Wait;
  readonly ended?: EndedWait;
}

export async function saveWaits(client: Queryable, entered: readonly EnteredWait[]): Promise<void> {
  if (entered.length === 0) return;
  const ids = entered.map(({ taskInstanceId }) => taskInstanceId);
  const { rows } = await client.query<OpenRow>({ name: 'open waits', text: OPEN, values: [ids, COUNTED_OUT] });
  const open = new Map(rows.map((row) => [row.task_instance_id, row]));
  const changes: Change[] = [];
  const added: NewRow[] = [];
  for (const one of entered) settle(one, open.get(one.taskInstanceId), changes, added);
  await update(client, changes);
  await insert(client, added);
  if (added.some(({ wait }) => wait !== undefined && wait.condition.kind !== 'poll')) await tellDuty(client, WAIT_DUTY);
}

/** What is to become of the open row of a task instance, and which rows are new. */
function settle(
  { taskInstanceId, attempt, wait, ended = [] }: EnteredWait,
  open: OpenRow | undefined,
  changes: Change[],
  added: NewRow[],
): void {
  const poll = open?.current === true && open.kind === 'poll' ? open : undefined;
  const answered = poll === undefined ? undefined : ended.find(({ key }) => key === poll.key);
  const goesOn = poll !== undefined && answered === undefined && wait?.condition.kind === 'poll' && wait.key === poll.key;
  if (goesOn) changes.push({ id: poll.id, attempt });
  else if (poll !== undefined && answered !== undefined) {
    changes.push({ id: poll.id, outcome: answered.outcome, ...(answered.json === undefined ? {} : { result: answered.json }) });
  } else if (open !== undefined) changes.push({ id: open.id, outcome: 'closed' });
  for (const one of ended) {
    if (one !== answered) added.push({ taskInstanceId, attempt, key: one.key, condition: one.condition, onTimeout: 'fail', ended: one });
  }
  if (wait !== undefined && !goesOn)
    added.push({ taskInstanceId, attempt, key: wait.key, condition: wait.condition, onTimeout: wait.onTimeout, wait });
}

async function update(client: Queryable, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  await client.query({
    name: 'update waits',
    text: UPDATE,
    values: [
      changes.map(({ id }) => id),
      changes.map(({ attempt }) => attempt ?? null),
      changes.map(({ outcome }) => outcome ?? null),
      changes.map(({ result }) => result ?? null),
    ],
  });
}

async function insert(client: Queryable, added: readonly NewRow[]): Promise<void> {
  if (added.length === 0) return;
  await client.query({
    name: 'insert waits',
    text: INSERT,
    values: [
      added.map(({ taskInstanceId }) => taskInstanceId),
      added.map(({ attempt }) => attempt),
      added.map(({ key }) => key),
      added.map(({ condition }) => storableJson(condition)),
      added.map(({ onTimeout }) => onTimeout),
      added.map(({ wait }) => timestampOrNull(wait?.timeoutAt)),
      added.map(({ wait }) => timestampOrNull(wait === undefined ? undefined : waitDueAt(wait))),
      added.map(({ wait }) => wait?.tokenHash ?? null),
      added.map(({ ended }) => ended?.outcome ?? null),
      added.map(({ ended }) => ended?.json ?? null),
      added.map((_, place) => place),
      COUNTED_OUT,
    ],
  });
}
