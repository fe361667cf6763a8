/** The states as they were told last, and what differs from them. */
import type { RunStateRecord, States, TaskStateRecord } from '@headrace/ports';

export type Change =
  | { readonly kind: 'run'; readonly runKey: string; readonly run: RunStateRecord }
  | { readonly kind: 'task'; readonly runKey: string; readonly task: TaskStateRecord };

/** Ended runs that are remembered, so that a late word about one does not tell all of it again. */
const REMEMBERED_RUNS = 2_000;

interface KnownRun {
  status: string;
  readonly tasks: Map<string, string>;
}

export class KnownStates {
  /** In the order in which they were heard of last. */
  readonly #runs = new Map<string, KnownRun>();

  /** Keys of runs that were running. */
  running(): readonly string[] {
    return [...this.#runs].filter(([, { status }]) => status === 'running').map(([key]) => key);
  }

  /** These are how things are: there is nothing to tell of them, nor of what was known before. */
  begin(states: States): void {
    this.#runs.clear();
    this.changes(states);
  }

  /** What is not as it was told, which is taken as told: runs that begin before their tasks, runs that end after them. */
  changes({ runs, tasks }: States): readonly Change[] {
    const begun: Change[] = [];
    const ended: Change[] = [];
    for (const run of runs) {
      const known = this.#of(run.runKey);
      if (known.status === run.status) continue;
      known.status = run.status;
      (run.status === 'success' || run.status === 'failed' ? ended : begun).push({ kind: 'run', runKey: run.runKey, run });
    }
    const moved: Change[] = [];
    for (const task of tasks) {
      const known = this.#of(task.runKey);
      const state = `${task.status} ${task.attempt} ${task.mapIndex}`;
      const before = known.tasks.get(task.taskInstanceId);
      known.tasks.set(task.taskInstanceId, state);
      // That a task exists and has not begun is no news.
      if (before !== state && !(before === undefined && task.status === 'none')) moved.push({ kind: 'task', runKey: task.runKey, task });
    }
    this.#trim();
    return [...begun, ...moved, ...ended];
  }

  #of(runKey: string): KnownRun {
    const known = this.#runs.get(runKey) ?? { status: '', tasks: new Map() };
    this.#runs.delete(runKey);
    this.#runs.set(runKey, known);
    return known;
  }

  #trim(): void {
    let tooMany = this.#runs.size - REMEMBERED_RUNS;
    for (const [key, { status }] of this.#runs) {
      if (tooMany <= 0) return;
      if (status === 'running') continue;
      this.#runs.delete(key);
      tooMany--;
    }
  }
}
