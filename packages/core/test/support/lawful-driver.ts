/**
 * Plays the store, the queue and the workers of one run, as lawfully and as nastily as they may be: reports are doubled, come
 * late or leave steps out, attempts get lost, released, interrupted and deferred, people cancel and clear. After every step it
 * checks what must always hold; it throws when something does not.
 */
import {
  type AttemptReport,
  attemptOutcome,
  type Dag,
  isLegalMove,
  isTerminal,
  newRun,
  type RunEvent,
  type RunNode,
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
  /** By task. */
  readonly plan?: readonly Plan[];
  /** Instead of a plan: how an attempt of a node ends. `time`: how often it has run before. */
  readonly ends?: (place: RunNode, time: number) => AttemptReport;
  readonly dice: () => number;
  /** How many nasty things may happen; then the run is left in peace. */
  readonly mischief: number;
  readonly cancels?: boolean;
  readonly clears?: boolean;
  /** People also mark nodes and runs, and end runs without their teardowns. */
  readonly marks?: boolean;
  /** Called for every move that a task made, by whoever. */
  readonly onMove?: (from: TaskStatus, to: TaskStatus) => void;
}

export class LawfulDriver {
  readonly dag: Dag;
  readonly #options: DriverOptions;
  run: RunState;
  now = 1_000_000;
  /** Per node, attempts that do not count as tries. */
  readonly triesBefore: number[];
  /** Per node, the highest number of tries that counted. */
  readonly tries: number[];
  /** Per node, how often it has come to an end of its own. */
  readonly lives: number[];
  readonly history: RunEvent[] = [];
  readonly revoked = new Set<string>();
  cancelled = false;
  #mischief: number;
  #wakes: number[] = [];
  #running = false;
  /** Nothing but tasks, edges and trigger rules: then each decision can be checked against the manual by itself. */
  readonly #plain: boolean;

  constructor(dag: Dag, options: DriverOptions) {
    this.dag = dag;
    this.#options = options;
    this.#mischief = options.mischief;
    this.run = newRun(dag);
    this.triesBefore = dag.tasks.map(() => 0);
    this.tries = dag.tasks.map(() => 0);
    this.lives = dag.tasks.map(() => 0);
    const { spaces, barriers, deciders, guards, setups, pastTasks } = dag.flow;
    this.#plain = [spaces.length, barriers.length, deciders.size, guards.size, setups.size, pastTasks.size].every((count) => count === 0);
  }

  /** To the end, however long a sensible run may take. */
  drive(): RunState {
    this.tell({ type: 'run.started' });
    for (let turn = 0; !this.finished; turn += 1) {
      if (turn > 400 * (this.run.nodes.length + 1)) throw new Error(`The run does not end: ${JSON.stringify(this.run.tasks)}`);
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
    const copy = { tasks: [...before.tasks], derived: derived(before), status: before.status };
    const answer = step(this.dag, before, event, this.now);
    check(derived(before) === copy.derived && before.status === copy.status, 'a step changed the run it was given');
    check(copy.tasks.length === before.tasks.length, 'a step changed the states it was given');
    for (const [node, state] of copy.tasks.entries()) check(state === before.tasks[node], 'a step changed the states it was given');
    if (answer.kind === 'rejected') throw new Error(`A lawful event was rejected: ${answer.detail}`);
    if (answer.kind === 'applied') this.#apply(event, answer);
    return answer;
  }

  #apply(event: RunEvent, { run, changes, created, effects }: Extract<Step, { kind: 'applied' }>): void {
    const before = this.run;
    this.run = run;
    const told = event.type === 'task.moved' ? event.task : -1;
    const moved = new Set<number>();
    for (const { task, from, to, reason, mapIndex } of changes) {
      check(!moved.has(task), 'a task moved twice in one step');
      moved.add(task);
      if (task !== told) check(before.tasks[task] === from, 'a change starts from another state');
      check(run.tasks[task] === to, 'a change is not in the run');
      check(reason.length > 0, 'a change without a reason');
      if (mapIndex !== undefined)
        check(before.nodes[task]?.mapIndex === -1 && run.nodes[task]?.mapIndex === mapIndex, 'a node has another name');
      if (mapIndex !== undefined && from === to) continue;
      check(isLegalMove(from.status, to.status), `illegal ${from.status} → ${to.status}`);
      this.#options.onMove?.(from.status, to.status);
      if (from.status === 'none') this.#checkRule(task, to, event);
      // Whoever saves that a node is run anew gives it all its tries again.
      if (isTerminal(from.status) && to.status === 'none') this.triesBefore[task] = to.attempt;
      this.#checkTries(task, to);
    }
    check(run.nodes.length === before.nodes.length + created.length, 'nodes appeared or vanished');
    for (const [position, { task, mapIndex, state, reason }] of created.entries()) {
      const node = before.nodes.length + position;
      check(run.tasks[node] === state && reason.length > 0, 'a new node is not in the run');
      check(at(run.nodes, node).task === task && at(run.nodes, node).mapIndex === mapIndex, 'a new node is another one');
      this.triesBefore.push(0);
      this.tries.push(0);
      this.lives.push(0);
    }
    for (const [task, state] of before.tasks.entries()) {
      if (state !== run.tasks[task]) check(moved.has(task) || task === told, 'a task moved without a change');
    }
    for (const effect of effects) {
      if (effect.type === 'wake') this.#wakes.push(effect.at);
      if (effect.type === 'revoke') this.revoked.add(`${effect.task}/${effect.attempt}`);
      if (effect.type === 'announce') this.#running = effect.status === 'running';
    }
    check(this.#running === (run.status === 'running') || before.status === run.status, 'the run changed its status silently');
    check(derived(reloaded(this.dag, run)) === derived(run), 'what is derived is wrong');
    this.#checkNotStuck();
  }

  /** Never before the rule is met, never past it: by the oracle. */
  #checkRule(task: number, to: TaskState, event: RunEvent): void {
    if (event.type === 'tasks.marked' || this.run.progress.ending !== undefined || !this.#plain) return;
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
    check(counted <= this.#spec(task).retries.max + 1, `try ${counted} of task ${task}`);
  }

  #spec(node: number): Dag['tasks'][number] {
    return at(this.dag.tasks, at(this.run.nodes, node).task);
  }

  /** Something is live, waits for a slot, or is due; what the rules decide is decided. */
  #checkNotStuck(): void {
    if (this.run.status !== 'running') return;
    const due = this.#wakes.some((at) => at <= this.now);
    const waiting = this.run.tasks.filter(({ status }) => status !== 'none' && !isTerminal(status));
    const { progress } = this.run;
    const repeats = [progress, ...Object.values(progress.groups ?? {})].flatMap(({ retryAt }) => retryAt ?? []);
    for (const instant of repeats) {
      check(
        this.#wakes.some((at) => at <= instant),
        'nothing will wake what is to be run anew',
      );
    }
    const waitsForPast = this.dag.flow.pastTasks.size > 0 && this.run.pastUnmet?.size !== 0;
    check(waiting.length > 0 || due || repeats.length > 0 || waitsForPast, `the run is stuck`);
    for (const [task, { status }] of this.run.tasks.entries()) {
      if (status === 'none' && !due && this.#plain && this.run.progress.ending === undefined)
        check(this.verdict(task) === 'wait', `task ${task} could be decided and was not`);
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
    if (this.dag.flow.pastTasks.size > 0 && this.chance(0.05)) {
      this.tell({ type: 'past.told', unmet: this.run.nodes.flatMap((_, node) => (this.chance(0.5) ? [node] : [])) });
      return;
    }
    const open = this.run.tasks.flatMap(({ status }, task) => (status === 'none' || isTerminal(status) ? [] : [task]));
    const active = open.filter((task) => !this.#waitsForTime(at(this.run.tasks, task)));
    if (active.length > 0) this.#advance(this.pick(active));
    else if (this.#wakes.length > 0) this.now = Math.max(this.now, Math.min(...this.#wakes));
    else this.tell({ type: 'past.told', unmet: [] });
  }

  #waitsForTime({ status }: TaskState): boolean {
    return status === 'up_for_retry' || status === 'up_for_reschedule';
  }

  /** A tick for what is due; then another one, which must find nothing to do. */
  tickIfDue(): void {
    if (!this.#wakes.some((wake) => wake <= this.now)) return;
    this.#wakes = this.#wakes.filter((wake) => wake > this.now);
    this.tell({ type: 'tick' });
    // What it left to the next tick, it said.
    if (this.#wakes.some((wake) => wake <= this.now)) return;
    const again = step(this.dag, this.run, { type: 'tick' }, this.now);
    const waits = this.run.tasks.some((state) => this.#waitsForTime(state)) || this.#wakes.length > 0;
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
    const mayFail = this.#options.ends === undefined || this.#options.marks === true;
    if (mayFail && this.chance(0.2)) {
      this.report(task, { status: 'failed', attempt });
      return;
    }
    this.triesBefore[task] = at(this.triesBefore, task) + 1;
    this.report(task, { status: 'scheduled', attempt });
  }

  outcome(task: number, attempt: number): TaskState {
    const tries = at(this.triesBefore, task);
    const report = this.#options.ends?.(at(this.run.nodes, task), at(this.lives, task)) ?? this.#planned(task, attempt - tries);
    const outcome = attemptOutcome(this.#spec(task), attempt, report, this.now, this.#options.dice(), tries);
    if (isTerminal(outcome.status)) this.lives[task] = at(this.lives, task) + 1;
    return outcome;
  }

  #planned(task: number, counted: number): AttemptReport {
    const { failures, end } = at(this.#options.plan ?? [], at(this.run.nodes, task).task);
    if (counted <= failures || end === 'failed') return { outcome: 'failed', error: { name: 'Error', message: 'planned' } };
    return { outcome: end === 'skipped' ? 'skipped' : 'success' };
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
    const some = (probability: number): number[] => this.run.tasks.flatMap((_, node) => (this.chance(probability) ? [node] : []));
    if (this.#options.cancels === true && this.chance(0.2)) this.#end();
    else if (this.#options.marks === true && this.chance(0.5)) {
      const waiting = new Set<TaskStatus>(['deferred', 'awaiting_input', 'up_for_reschedule', 'up_for_retry', 'restarting']);
      const rare = this.run.tasks.flatMap(({ status }, node) => (waiting.has(status) ? [node] : []));
      this.tell({ type: 'tasks.marked', tasks: rare.length > 0 ? rare : some(0.2), status: this.pick(['success', 'failed'] as const) });
    } else if (this.#options.clears === true) this.clear(some(0.4));
  }

  /** Only teardowns may go on, and only those of which a setup has succeeded. */
  #end(): void {
    const live = this.run.tasks.flatMap(({ status, attempt }, node) => {
      const holds = status === 'queued' || status === 'running' || status === 'restarting';
      return holds && this.#spec(node).role !== 'teardown' ? [`${node}/${attempt}`] : [];
    });
    const teardowns = this.chance(0.7);
    const status = this.#options.marks === true && this.chance(0.4) ? this.pick(['success', 'failed'] as const) : undefined;
    if (status === undefined) this.tell({ type: 'run.cancelled', teardowns });
    else this.tell({ type: 'run.marked', status });
    const open = this.run.tasks.flatMap((state, node) => (isTerminal(state.status) ? [] : [node]));
    if (status === undefined && !teardowns) check(open.length === 0, 'a run that was ended at once goes on');
    check(
      open.every((node) => this.#spec(node).role === 'teardown'),
      'an ended run goes on with more than teardowns',
    );
    if (open.length === 0) check(this.run.status === (status ?? 'failed'), 'an ended run has another status');
    check(
      live.every((attempt) => this.revoked.has(attempt)),
      'a live attempt was not revoked',
    );
    this.cancelled = true;
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

/** All that is derived from a run's nodes, as text that can be compared. */
function derived({ tally, open, index }: RunState): string {
  const { first, more, counts, iteration, unfinished, failed, passable } = index;
  const places = [...more].map(([task, nodes]) => [task, ...nodes]).sort();
  return JSON.stringify([[...tally], open, [...first], places, [...counts], [...iteration], [...unfinished], [...failed], [...passable]]);
}
