/**
 * A run while one step works on it. It starts as the run itself and copies only what changes, so the run it came from stays
 * as it was.
 *
 * F1. Every move is in the transition table. F2. The tally and the count of open tasks follow each move.
 */
import type { Dag } from '../model/compiled-dag.ts';
import type { Instant } from '../model/dag.ts';
import { isTerminal, type RunStatus, type TaskState } from '../model/states.ts';
import { isLegalMove } from '../model/transitions.ts';
import type { Effect, RunState, Step, TaskChange } from './run.ts';
import { runOutcome } from './run-outcome.ts';
import { recordMove, upstreamCounts } from './tally.ts';
import { describeCounts, judge, type Verdict } from './trigger-rule.ts';

const MADE_OF: Readonly<Record<Exclude<Verdict, 'wait'>, 'scheduled' | 'skipped' | 'upstream_failed'>> = {
  run: 'scheduled',
  skip: 'skipped',
  upstream_failed: 'upstream_failed',
};

export class RunDraft {
  readonly #dag: Dag;
  readonly #before: RunState;
  #status: RunStatus;
  #tasks: TaskState[] | undefined;
  #tally: Uint32Array | undefined;
  #open: number;
  readonly #changes: TaskChange[] = [];
  readonly #effects: Effect[] = [];
  /** Tasks whose trigger rule must be judged again. */
  readonly #doubtful: number[] = [];

  constructor(dag: Dag, before: RunState) {
    this.#dag = dag;
    this.#before = before;
    this.#status = before.status;
    this.#open = before.open;
  }

  state(task: number): TaskState {
    const state = (this.#tasks ?? this.#before.tasks)[task];
    if (state === undefined) throw new RangeError(`Task ${task} is not in DAG "${this.#dag.spec.dagId}"`);
    return state;
  }

  /** A move that was made elsewhere. Legality is the caller's to check: a report may leave out steps. */
  accept(task: number, to: TaskState): void {
    const from = this.state(task);
    this.#tasks ??= this.#before.tasks.slice();
    this.#tasks[task] = to;
    if (to.status === 'none') this.#doubtful.push(task);
    const wasTerminal = isTerminal(from.status);
    const becomesTerminal = isTerminal(to.status);
    if (!wasTerminal && !becomesTerminal) return;
    this.#open += (wasTerminal ? 1 : 0) - (becomesTerminal ? 1 : 0);
    this.#tally ??= this.#before.tally.slice();
    recordMove(this.#dag, this.#tally, task, from.status, to.status);
    if (becomesTerminal) for (const target of this.#dag.downstream[task] ?? []) this.#doubtful.push(target);
  }

  /** A move that this step decides. */
  move(task: number, to: TaskState, reason: string): void {
    const from = this.state(task);
    if (!isLegalMove(from.status, to.status)) throw new Error(`The core decided an illegal move: ${from.status} → ${to.status}`);
    this.#changes.push({ task, from, to, reason });
    this.accept(task, to);
  }

  revoke(task: number, attempt: number): void {
    this.#effects.push({ type: 'revoke', task, attempt });
  }

  wake(at: Instant): void {
    this.#effects.push({ type: 'wake', at });
  }

  enter(status: RunStatus): void {
    this.#status = status;
    this.#effects.push({ type: 'announce', status });
  }

  /** Lets `settle` judge every task that waits for its trigger rule, not only those near a change. */
  doubtAll(): void {
    for (let position = this.#dag.order.length - 1; position >= 0; position -= 1) {
      const task = this.#dag.order[position];
      if (task !== undefined && this.state(task).status === 'none') this.#doubtful.push(task);
    }
  }

  /** In a running run: decides all that can be decided, following only the edges of what changed, and ends the run when nothing is open. */
  settle(): void {
    if (this.#status !== 'running') return;
    for (let task = this.#doubtful.pop(); task !== undefined; task = this.#doubtful.pop()) this.#decide(task);
    if (this.#open === 0) this.enter(runOutcome(this.#dag, this.#tasks ?? this.#before.tasks));
  }

  #decide(task: number): void {
    const { status, attempt } = this.state(task);
    const rule = this.#dag.tasks[task]?.triggerRule;
    if (status !== 'none' || rule === undefined) return;
    const counts = upstreamCounts(this.#dag, this.#tally ?? this.#before.tally, task);
    const verdict = judge(rule, counts);
    if (verdict !== 'wait') this.move(task, { status: MADE_OF[verdict], attempt }, `${rule}: ${describeCounts(counts)}`);
  }

  /** The step that was made; `no_change` when nothing moved and nothing is to be done. */
  finish(): Step {
    const moved = this.#tasks !== undefined || this.#status !== this.#before.status;
    if (!moved && this.#effects.length === 0) return { kind: 'ignored', why: 'no_change' };
    const run: RunState = moved
      ? {
          ...this.#before,
          status: this.#status,
          tasks: this.#tasks ?? this.#before.tasks,
          tally: this.#tally ?? this.#before.tally,
          open: this.#open,
        }
      : this.#before;
    return { kind: 'applied', run, changes: this.#changes, created: [], effects: this.#effects };
  }
}
