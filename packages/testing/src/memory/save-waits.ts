/**
 * Waits that task instances enter, and those that ended within an attempt, saved in the transaction that ends the attempt.
 *
 * A poll that goes on keeps its row. Any other wait that is still open is one of before a clear: nobody waits for it any more.
 */
import type { Wait } from '@headrace/core';
import type { EndedWait } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { WaitRow } from './rows.ts';

export interface EnteredWait {
  readonly taskInstanceId: string;
  readonly runKey: string;
  readonly attempt: number;
  readonly wait?: Wait;
  readonly ended?: readonly EndedWait[];
}

/** In these the attempt that has just ended has been counted out of the tries already. */
const COUNTED_OUT: ReadonlySet<string> = new Set(['deferred', 'awaiting_input', 'up_for_reschedule']);

export function saveWaits(db: MemoryDatabase, entered: readonly EnteredWait[]): void {
  for (const one of entered) saveWait(db, one);
  const isNews = entered.some(({ wait }) => wait !== undefined && wait.condition.kind !== 'poll');
  if (isNews) db.tell([{ type: 'duty', duty: 'waits' }]);
}

function saveWait(db: MemoryDatabase, { taskInstanceId, runKey, attempt, wait, ended = [] }: EnteredWait): void {
  const task = db.tasks.require(taskInstanceId);
  const tryNumber = task.state.attempt - task.triesBefore + (COUNTED_OUT.has(task.state.status) ? 1 : 0);
  const open = [...db.waitsOfTask.get(taskInstanceId)].find((row) => row.ended === undefined);
  const isCurrent = open !== undefined && open.tryNumber === tryNumber && open.enteredAt >= (task.firstStartedAt ?? Infinity);
  const poll = isCurrent && open.wait.condition.kind === 'poll' ? open : undefined;
  const answered = ended.find(({ key }) => key === poll?.wait.key);
  const goesOn = poll !== undefined && answered === undefined && wait?.condition.kind === 'poll' && wait.key === poll.wait.key;
  const now = db.now();
  if (goesOn) db.waits.change(poll.waitId, { attempt });
  else if (poll !== undefined && answered !== undefined) db.waits.change(poll.waitId, { ended: endedOf(answered, now) });
  else if (open !== undefined) db.waits.change(open.waitId, { ended: { at: now, outcome: 'closed' } });
  const insert = (row: Pick<WaitRow, 'wait'> & Partial<WaitRow>): void => {
    const waitId = db.nextId('wait');
    db.waits.insert(waitId, { waitId, taskInstanceId, runKey, attempt, tryNumber, enteredAt: now, ended: undefined, ...row });
  };
  for (const one of ended) {
    if (one !== answered) insert({ wait: { key: one.key, condition: one.condition, onTimeout: 'fail' }, ended: endedOf(one, now) });
  }
  if (wait !== undefined && !goesOn) insert({ wait });
}

function endedOf({ outcome, json }: EndedWait, at: number): NonNullable<WaitRow['ended']> {
  return { at, outcome, ...(json === undefined ? {} : { json }) };
}
