/**
 * Plays the store, the queue and the workers of one run, as lawfully and as nastily as they may be: reports are doubled, come
 * late or leave steps out, attempts get lost, released, interrupted and deferred, people cancel and clear. After every step it
 * checks what must always hold; it throws when something does not.
 */
import {
  attemptOutcome,
  type Dag,
  isLegalMove,
  isTerminal,
  newRun,
  type RunEvent,
  type RunState,
  type Step,
  step,
  type TaskState,
  type TaskStatus,
} from '../../src/index.ts';
import { type Final, oracleVerdict, type Upstream } from './oracle.ts';
import { at, reloaded } from './specs.ts';

/** How a task's attempts end: this many fail first, then this. */
export interface Plan {
  readonly failures: number;
  readonly end: 'success' | 'failed' | 'skipped';
}

export interface DriverOptions {
  readonly plan: readonly Plan[];
  readonly dice: () => number;
  /** How many nasty things may happen; then the run is left in peace. */
  readonly mischief: number;
  readonly cancels?: boolean;
  readonly clears?: boolean;
  /** Called for every move that a task made, by whoever. */
  readonly onMove?: (from: TaskStatus, to: TaskStatus) => void;
}

export class LawfulDriver {
  readonly dag: Dag;
  readonly #options: DriverOptions;
  run: RunState;
  now = 1_000_000;
  /** Per task, attempts that do not count as tries. */
  readonly triesBefore: number[];
  /** Per task, the highest number of tries that counted. */
  readonly tries: number[];
  readonly history: RunEvent[] = [];
  readonly revoked = new Set<string>();
  cancelled = false;
  #mischief: number;
  #wakes: number[] = [];
  #running = false;

  constructor(dag: Dag, options: DriverOptions) {
    this.dag = dag;
    this.#options = options;
    this.#mischief = options.mischief;
    this.run = newRun(dag);
    this.triesBefore = dag.tasks.map(() => 0);
    this.tries = dag.tasks.map(() => 0);
  }

  /** To the end, however long a sensible run may take. */
  drive(): RunState {
    this.tell({ type: 'run.started' });
    for (let turn = 0; !this.finished; turn += 1) {
      if (turn > 400 * (this.dag.tasks.length + 1)) throw new Error(`The run does not end: ${JSON.stringify(this.run.tasks)}`);
      this.#turn();
    }
    return this.run;
  }

  get finished(): boolean {
    return this.run.status === 'success' || this.run.status === 'failed';
  }

  /** Tells the core, checks the answer against everything that must hold, and goes on from it. */
  tell(event: RunEvent): Step {
    const before = this.run;
    const copy = { tasks: [...before.tasks], tally: [...before.tally], open: before.open, status: before.status };
    const answer = step(this.dag, before, event, this.now);
    check(before.open === copy.open && before.status === copy.status, 'a step changed the run it was given');
    check(
      copy.tasks.every((state, task) => state === before.tasks[task]),
      'a step changed the states it was given',
    );
    check(
      copy.tally.every((count, index) => count === before.tally[index]),
      'a step changed the tally it was given',
    );
    if (answer.kind === 'rejected') throw new Error(`A lawful event was rejected: ${answer.detail}`);
    if (answer.kind === 'applied') this.#apply(event, answer);
    return answer;
  }

  #apply(event: RunEvent, { run, changes, effects }: Extract<Step, { kind: 'applied' }>): void {
    const before = this.run;
    this.run = run;
    const told = event.type === 'task.moved' ? event.task : -1;
    const moved = new Set<number>();
    for (const change of changes) {
      check(!moved.has(change.task), 'a task moved twice in one step');
      moved.add(change.task);
      if (change.task !== told) check(before.tasks[change.task] === change.from, 'a change starts from another state');
      check(run.tasks[change.task] === change.to, 'a change is not in the run');
      check(isLegalMove(change.from.status, change.to.status), `illegal ${change.from.status} → ${change.to.status}`);
      check(change.reason.length > 0, 'a change without a reason');
      this.#options.onMove?.(change.from.status, change.to.status);
      if (change.from.status === 'none') this.#checkRule(change.task, change.to, event);
      this.#checkTries(change.task, change.to);
    }
    for (const [task, state] of run.tasks.entries()) {
      if (state !== before.tasks[task]) check(moved.has(task) || task === told, 'a task moved without a change');
    }
    for (const effect of effects) {
      if (effect.type === 'wake') this.#wakes.push(effect.at);
      if (effect.type === 'revoke') this.revoked.add(`${effect.task}/${effect.attempt}`);
      if (effect.type === 'announce') this.#running = effect.status === 'running';
    }
    check(this.#running === (run.status === 'running') || before.status === run.status, 'the run changed its status silently');
    const rebuilt = reloaded(this.dag, run);
    check(rebuilt.open === run.open, 'open is wrong');
    check(
      rebuilt.tally.every((count, index) => count === run.tally[index]),
      'the tally is wrong',
    );
    this.#checkNotStuck();
  }

  /** Never before the rule is met, never past it: by the oracle. */
  #checkRule(task: number, to: TaskState, event: RunEvent): void {
    if (event.type === 'run.cancelled') return;
    const expected = { wait: 'none', run: 'scheduled', skip: 'skipped', upstream_failed: 'upstream_failed' }[this.verdict(task)];
    check(to.status === expected, `${to.status}, but by the manual ${expected}`);
  }

  verdict(task: number): ReturnType<typeof oracleVerdict> {
    const states = at(this.dag.upstream, task).map((source): Upstream => {
      const { status } = at(this.run.tasks, source);
      return isTerminal(status) ? status : undefined;
    });
    return oracleVerdict(at(this.dag.tasks, task).triggerRule, states);
  }

  #checkTries(task: number, to: TaskState): void {
    const counted = to.attempt - at(this.triesBefore, task);
    this.tries[task] = Math.max(at(this.tries, task), counted);
    check(counted <= at(this.dag.tasks, task).retries.max + 1, `try ${counted} of task ${task}`);
  }

  /** Something is live, waits for a slot, or is due; what the rules decide is decided. */
  #checkNotStuck(): void {
    if (this.run.status !== 'running') return;
    const due = this.#wakes.some((at) => at <= this.now);
    const waiting = this.run.tasks.filter(({ status }) => status !== 'none' && !isTerminal(status));
    check(waiting.length > 0 || due, 'the run is stuck');
    for (const [task, { status }] of this.run.tasks.entries()) {
      if (status === 'none' && !due) check(this.verdict(task) === 'wait', `task ${task} could be decided and was not`);
    }
    for (const state of this.run.tasks) {
      if (state.status === 'up_for_retry' || state.status === 'up_for_reschedule') {
        check(
          this.#wakes.some((at) => at <= state.dueAt),
          'nothing will wake a waiting task',
        );
      }
    }
  }

  report(task: number, to: TaskState): Step {
    const from = at(this.run.tasks, task);
    this.#checkTries(task, to);
    const event: RunEvent = { type: 'task.moved', task, to };
    this.history.push(event);
    const answer = this.tell(event);
    if (answer.kind === 'applied' && isLegalMove(from.status, to.status)) this.#options.onMove?.(from.status, to.status);
    if (answer.kind === 'applied') this.#repeat(event);
    return answer;
  }

  /** The same news twice changes nothing. */
  #repeat(event: Extract<RunEvent, { type: 'task.moved' }>): void {
    const known = at(this.run.tasks, event.task);
    if (known.attempt !== event.to.attempt || known.status !== event.to.status) return;
    check(this.tell(event).kind === 'ignored', 'a repeated event was not ignored');
  }

  chance(probability: number): boolean {
    return this.#options.dice() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return at(values, Math.floor(this.#options.dice() * values.length));
  }

  #turn(): void {
    if (this.#mischief > 0 && this.chance(0.35)) {
      this.#makeMischief();
      return;
    }
    if (this.run.status === 'queued') {
      this.tell({ type: 'run.started' });
      return;
    }
    this.tickIfDue();
    if (this.finished) return;
    const open = this.run.tasks.flatMap(({ status }, task) => (status === 'none' || isTerminal(status) ? [] : [task]));
    const active = open.filter((task) => !this.#waitsForTime(at(this.run.tasks, task)));
    if (active.length > 0) this.#advance(this.pick(active));
    else this.now = Math.max(this.now, Math.min(...this.#wakes));
  }

  #waitsForTime({ status }: TaskState): boolean {
    return status === 'up_for_retry' || status === 'up_for_reschedule';
  }

  /** A tick for what is due; then another one, which must find nothing to do. */
  tickIfDue(): void {
    if (!this.#wakes.some((wake) => wake <= this.now)) return;
    this.#wakes = this.#wakes.filter((wake) => wake > this.now);
    this.tell({ type: 'tick' });
    const again = step(this.dag, this.run, { type: 'tick' }, this.now);
    const waits = this.run.tasks.some((state) => this.#waitsForTime(state));
    if (again.kind === 'applied') check(waits && again.changes.length === 0 && again.run === this.run, 'a second tick changed something');
    else check(again.kind === 'ignored' && (again.why === 'no_change' || this.finished), 'a second tick was not ignored');
  }

  #advance(task: number): void {
    const { status, attempt } = at(this.run.tasks, task);
    const rare = status === 'restarting' || status === 'deferred' || status === 'awaiting_input';
    if (rare && this.#mischief > 0 && this.chance(0.7)) this.#makeMischief();
    else if (status === 'scheduled') this.report(task, { status: 'queued', attempt: attempt + 1 });
    else if (status === 'queued' && this.chance(0.8)) this.report(task, { status: 'running', attempt });
    else if (status === 'restarting') this.report(task, { status: 'none', attempt });
    else if (status === 'deferred' || status === 'awaiting_input') this.#resume(task, attempt);
    // Also straight from `queued`: claimed and ended between two looks.
    else this.report(task, this.outcome(task, attempt));
  }

  #resume(task: number, attempt: number): void {
    if (this.chance(0.2)) {
      this.report(task, { status: 'failed', attempt });
      return;
    }
    this.triesBefore[task] = at(this.triesBefore, task) + 1;
    this.report(task, { status: 'scheduled', attempt });
  }

  outcome(task: number, attempt: number): TaskState {
    const { failures, end } = at(this.#options.plan, task);
    const counted = attempt - at(this.triesBefore, task);
    const fails = counted <= failures || end === 'failed';
    const report = fails
      ? ({ outcome: 'failed', error: { name: 'Error', message: 'planned' } } as const)
      : ({ outcome: end === 'skipped' ? 'skipped' : 'success' } as const);
    return attemptOutcome(at(this.dag.tasks, task), attempt, report, this.now, this.#options.dice(), at(this.triesBefore, task));
  }

  #makeMischief(): void {
    this.#mischief -= 1;
    const begun = this.run.tasks.flatMap(({ status }, task) => (status === 'none' || isTerminal(status) ? [] : [task]));
    const task = this.pick(begun.length > 0 && this.chance(0.8) ? begun : [...this.run.tasks.keys()]);
    const { status, attempt } = at(this.run.tasks, task);
    const what = this.pick(['lost', 'stale', 'time', 'leave', 'leave', 'command', 'remove', 'crash'] as const);
    if (what === 'lost' && (status === 'queued' || status === 'running' || status === 'restarting')) {
      this.tell({ type: 'task.lost', task, attempt, dice: this.#options.dice(), triesBefore: at(this.triesBefore, task) });
    } else if (what === 'stale') {
      this.#tellStale();
    } else if (what === 'time') {
      this.now += Math.floor(this.#options.dice() * 3_000);
    } else if (what === 'leave' && status === 'running') {
      this.#leave(task, attempt);
    } else if (what === 'command') {
      this.#command();
    } else if (what === 'remove' && this.#options.clears === true && !isTerminal(status) && this.chance(0.5)) {
      this.report(task, { status: 'removed', attempt });
    } else if (what === 'crash') {
      // The scheduler dies: what is stored is loaded anew, and a tick finds everything that is still to be done.
      this.run = reloaded(this.dag, this.run);
      this.#wakes.push(this.now);
    }
  }

  /** Old news: of an attempt that is over, or of a state that the same attempt has left. */
  #tellStale(): void {
    if (this.history.length === 0) return;
    const event = this.pick(this.history);
    if (event.type !== 'task.moved') return;
    const known = at(this.run.tasks, event.task);
    const over = event.to.attempt < known.attempt || (event.to.attempt === known.attempt && isTerminal(known.status));
    if (over) check(this.tell(event).kind === 'ignored', 'old news was not ignored');
  }

  #leave(task: number, attempt: number): void {
    const how = this.pick(['queued', 'scheduled', 'up_for_reschedule', 'deferred', 'awaiting_input'] as const);
    if (how === 'scheduled' || how === 'up_for_reschedule') this.triesBefore[task] = at(this.triesBefore, task) + 1;
    if (how === 'up_for_reschedule') this.report(task, { status: how, attempt, dueAt: this.now + 500 });
    else this.report(task, { status: how, attempt });
  }

  #command(): void {
    if (this.#options.cancels === true && this.chance(0.2)) {
      const live = this.run.tasks.flatMap(({ status, attempt }, task) =>
        status === 'queued' || status === 'running' || status === 'restarting' ? [`${task}/${attempt}`] : [],
      );
      this.tell({ type: 'run.cancelled' });
      check(this.run.status === 'failed' && this.run.open === 0, 'a cancelled run goes on');
      check(
        live.every((attempt) => this.revoked.has(attempt)),
        'a live attempt was not revoked',
      );
      this.cancelled = true;
    } else if (this.#options.clears === true) {
      this.clear(this.run.tasks.flatMap((_, task) => (this.chance(0.4) ? [task] : [])));
    }
  }

  clear(tasks: readonly number[]): void {
    for (const task of tasks) this.triesBefore[task] = at(this.run.tasks, task).attempt;
    this.tell({ type: 'tasks.cleared', tasks });
  }

  finals(): readonly Final[] {
    return this.run.tasks.map(({ status }) => {
      if (!isTerminal(status)) throw new Error(`${status} is not final`);
      return status;
    });
  }
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
