/** Gives a task instance that has succeeded another result: by hand, where somebody knows better, or marked it a success. */
import type { CommandStore } from '@headrace/ports';
import type pg from 'pg';
import { transaction } from '../transaction.ts';

/** While it is locked it is not cleared. */
const LOCK = 'select state, attempt from task_instance where id = $1 for no key update';

const ADD = 'insert into task_result (task_instance_id, attempt, inline_json) values ($1, $2, $3) on conflict do nothing';
const REPLACE = `
  update task_result set inline_json = $3, object_key = null, size = null where task_instance_id = $1 and attempt = $2`;
const REMOVE = 'delete from task_result where task_instance_id = $1 and attempt = $2';

export async function setResult(
  pool: pg.Pool,
  taskInstanceId: string,
  change: Parameters<CommandStore['setResult']>[1],
): ReturnType<CommandStore['setResult']> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ state: string; attempt: number }>(LOCK, [taskInstanceId]);
    const [task] = rows;
    if (task?.state !== 'success') return 'not_succeeded';
    const of = [taskInstanceId, task.attempt];
    const { rowCount } =
      change.how === 'remove'
        ? await client.query(REMOVE, of)
        : await client.query(change.how === 'add' ? ADD : REPLACE, [...of, change.json]);
    if ((rowCount ?? 0) > 0) return 'ok';
    return change.how === 'add' ? 'has_result' : 'no_result';
  });
}
