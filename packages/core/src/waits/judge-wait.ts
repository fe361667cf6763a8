/** What ends a wait, and what becomes of the task instance that waited. */
import type { Instant } from '../model/dag.ts';
import type { RunStatus, TaskStatus } from '../model/states.ts';
import type { Wait, WaitCondition } from '../model/wait-spec.ts';

export type WaitOutcome = 'met' | 'timeout' | 'failed';

export interface AfterWait {
  /** `scheduled`: the task goes on, in the same try. */
  readonly to: 'scheduled' | 'failed' | 'skipped';
  readonly reason: string;
}

/**
 * A task whose wait has ended is run again, and finds out there what came of it; also when it was waiting for something that failed, so
 * that its own code and its retry policy have the word. Only a wait that was given up may end the task at once.
 */
export function afterWait({ key, condition, onTimeout }: Pick<Wait, 'key' | 'condition' | 'onTimeout'>, outcome: WaitOutcome): AfterWait {
  const what = `wait "${key}" for ${waitedFor(condition)}`;
  if (outcome !== 'timeout') return { to: 'scheduled', reason: `${what}: ${outcome}` };
  const to = onTimeout === 'fail' ? 'failed' : onTimeout === 'skip' ? 'skipped' : 'scheduled';
  return { to, reason: `${what} was given up at its timeout` };
}

/** What a wait that is due has come to: its time, unless it was to be given up before. */
export function judgeDue({ condition, timeoutAt }: Pick<Wait, 'condition' | 'timeoutAt'>): 'met' | 'timeout' {
  return condition.kind === 'time' && condition.at <= (timeoutAt ?? condition.at) ? 'met' : 'timeout';
}

/** When somebody must look at the wait without being told. A poll is looked at by attempts of its task. */
export function waitDueAt({ condition, timeoutAt }: Pick<Wait, 'condition' | 'timeoutAt'>): Instant | undefined {
  if (condition.kind === 'poll') return undefined;
  if (condition.kind !== 'time') return timeoutAt;
  return Math.min(condition.at, timeoutAt ?? condition.at);
}

export interface JudgedRun {
  readonly outcome: 'met' | 'failed';
  /** The state that decided it. */
  readonly state: RunStatus | TaskStatus;
}

/**
 * A wait for a run, or for a task of it. Of a mapped task all instances must have come to what is waited for, and one is enough to fail.
 * @param run undefined: there is no such run (yet).
 */
export function judgeRun(
  { taskId, states, failOn }: Pick<Extract<WaitCondition, { kind: 'run' }>, 'taskId' | 'states' | 'failOn'>,
  run: RunStatus | undefined,
  tasks: readonly TaskStatus[] = [],
): JudgedRun | undefined {
  if (run === undefined) return undefined;
  const seen: readonly (RunStatus | TaskStatus)[] = taskId === undefined ? [run] : tasks;
  const failing = seen.find((state) => failOn.includes(state));
  if (failing !== undefined) return { outcome: 'failed', state: failing };
  const [state] = seen;
  return state !== undefined && seen.every((each) => states.includes(each)) ? { outcome: 'met', state } : undefined;
}

/** For people. */
export function waitedFor(condition: WaitCondition): string {
  switch (condition.kind) {
    case 'time':
      return 'a time';
    case 'asset':
      return `an event of asset "${condition.name}"${condition.partition === undefined ? '' : `, partition "${condition.partition}"`}`;
    case 'run':
      return `a run of DAG "${condition.dagId}"${condition.taskId === undefined ? '' : `, task "${condition.taskId}"`}`;
    case 'webhook':
      return 'a call';
    case 'input':
      return `an answer to "${condition.form.subject}"`;
    case 'poll':
      return 'what it looks for itself';
  }
}
