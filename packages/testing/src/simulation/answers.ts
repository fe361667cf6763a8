/** People who answer forms, and programs that call webhooks, in a simulation. */
import { afterWait, type InputForm, type Milliseconds } from '@headrace/core';
import type { WaitRow } from '../memory/rows.ts';
import type { MemoryStore } from '../memory/store.ts';
import type { VirtualTime } from '../virtual/virtual-time.ts';

/** What is answered; of a webhook what is posted. Given a function, its answer: of a webhook it is called with undefined. */
export type AnswerRule = unknown | ((form: InputForm | undefined) => unknown);

export interface AnsweringOptions {
  readonly store: Pick<MemoryStore, 'db' | 'waits'>;
  readonly time: VirtualTime;
  /** By task id, or by `dag/task`. */
  readonly answers: Readonly<Record<string, AnswerRule>>;
  /** How long an answer takes to come. */
  readonly afterMs: Milliseconds;
  readonly onError: (error: unknown) => void;
}

/** Answers every wait of a named task a moment after it is entered. */
export function giveAnswers({ store, time, answers, afterMs, onError }: AnsweringOptions): void {
  const { db, waits } = store;

  async function answer({ waitId, wait, runKey, taskInstanceId }: WaitRow): Promise<void> {
    const { dagId } = db.runs.require(runKey);
    const { taskId } = db.tasks.require(taskInstanceId);
    const key = [`${dagId}/${taskId}`, taskId].find((each) => Object.hasOwn(answers, each));
    if (key === undefined) return;
    const rule = answers[key];
    const form = wait.condition.kind === 'input' ? wait.condition.form : undefined;
    const given: unknown = typeof rule === 'function' ? await time.hold(async () => rule(form)) : rule;
    const json = JSON.stringify(given);
    await waits.endWaits([{ waitId, outcome: 'met', ...afterWait(wait, 'met'), user: 'test', ...(json === undefined ? {} : { json }) }]);
  }

  db.watch((changes) => {
    for (const { table, before, after } of changes) {
      if (table !== 'wait' || before !== undefined || after === undefined) continue;
      const row = after as WaitRow;
      const { kind } = row.wait.condition;
      if (kind === 'input' || kind === 'webhook') time.after(afterMs, () => void answer(row).catch(onError));
    }
  });
}
