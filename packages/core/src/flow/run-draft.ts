/**
 * A run while one step works on it. It starts as the run itself and copies only what changes, so the run it came from stays
 * as it was. It makes moves; what to move is decided elsewhere.
 *
 * F1. Every move is in the transition table. F2. Tally, index and the count of open nodes follow each move.
 * F3. A node that was there before the step moves at most once in it by a decision; `isSettled` says whether it has.
 */
import type { Dag } from '../model/compiled-dag.ts';
import type { Instant } from '../model/dag.ts';
import { isTerminal, type RunStatus, type TaskState } from '../model/states.ts';
import { isLegalMove } from '../model/transitions.ts';
import { Doubts } from './doubts.ts';
import { IndexDraft } from './index-draft.ts';
import type { Effect, NewNode, RunIndex, RunNode, RunProgress, RunState, Step, TaskChange } from './run.ts';

const UNBEGUN: TaskState = { status: 'none', attempt: 0 };

export class RunDraft implements RunState {
  readonly dag: Dag;
  readonly now: Instant;
  /** What may have to be decided anew. */
  readonly doubts: Doubts;
  readonly #before: RunState;
  readonly #derived: IndexDraft;
  #status: RunStatus;
  #tasks: TaskState[] | undefined;
  #nodes: RunNode[] | undefined;
  #progress: RunProgress;
  #pastUnmet: ReadonlySet<number> | undefined;
  #open: number;
  readonly #changes: TaskChange[] = [];
  /** Per node that was moved by a decision, the place of its change. */
  #changeOf: Map<number, number> | undefined;
  readonly #created: { -readonly [K in keyof NewNode]: NewNode[K] }[] = [];
  readonly #effects: Effect[] = [];
  #wakeAt = Infinity;

  constructor(dag: Dag, before: RunState, now: Instant) {
    this.dag = dag;
    this.now = now;
    this.#before = before;
    this.#derived = new IndexDraft(dag, before);
    this.doubts = new Doubts(dag);
    this.#status = before.status;
    this.#progress = before.progress;
    this.#pastUnmet = before.pastUnmet;
    this.#open = before.open;
  }

  get status(): RunStatus {
    return this.#status;
  }
  get tasks(): readonly TaskState[] {
    return this.#tasks ?? this.#before.tasks;
  }
  get nodes(): readonly RunNode[] {
    return this.#nodes ?? this.#before.nodes;
  }
  get progress(): RunProgress {
    return this.#progress;
  }
  get pastUnmet(): ReadonlySet<number> | undefined {
    return this.#pastUnmet;
  }
  get open(): number {
    return this.#open;
  }
  get tally(): Uint32Array {
    return this.#derived.tally;
  }
  get index(): RunIndex {
    return this.#derived.index;
  }
  /** What is derived, to be brought up to date. */
  get derived(): IndexDraft {
    return this.#derived;
  }

  state(node: number): TaskState {
    const state = (this.#tasks ?? this.#before.tasks)[node];
    if (state === undefined) throw new RangeError(`Node ${node} is not in the run of DAG "${this.dag.spec.dagId}"`);
    return state;
  }

  /** Whether this step has moved the node by a decision, so that the next one must wait for another step. */
  isSettled(node: number): boolean {
    return this.#changeOf?.has(node) === true;
  }

  /** A move that was made elsewhere. Legality is the caller's to check: a report may leave out steps. */
  accept(node: number, to: TaskState): void {
    const from = this.state(node);
    const { task, mapIndex } = this.#node(node);
    this.#tasks ??= this.#before.tasks.slice();
    this.#tasks[node] = to;
    const wasTerminal = isTerminal(from.status);
    const becomesTerminal = isTerminal(to.status);
    this.#open += (wasTerminal ? 1 : 0) - (becomesTerminal ? 1 : 0);
    this.#derived.move(task, mapIndex, from.status, to.status, becomesTerminal ? (target) => this.doubts.task(this.index, target) : ignore);
    if (to.status === 'none') this.doubts.node(task, node);
    if (becomesTerminal) this.doubts.ended(this.index, task, mapIndex);
    if (wasTerminal || becomesTerminal) this.doubts.around(task);
  }

  /** A move that this step decides. `lost`: because the attempt was. */
  move(node: number, to: TaskState, reason: string, lost?: 'lost'): void {
    const from = this.state(node);
    if (!isLegalMove(from.status, to.status)) throw new Error(`The core decided an illegal move: ${from.status} → ${to.status}`);
    const created = this.#created[node - this.#before.nodes.length];
    if (created !== undefined) {
      created.state = to;
      created.reason = reason;
    } else {
      if (this.isSettled(node)) throw new Error(`The core moved a node twice in one step, to ${to.status}: ${reason}`);
      this.#changeOf ??= new Map();
      this.#changeOf.set(node, this.#changes.length);
      this.#changes.push(lost === undefined ? { task: node, from, to, reason } : { task: node, from, to, reason, lost: true });
    }
    this.accept(node, to);
  }

  /** A node without map index becomes the instance of the first item. It may still be moved in this step. */
  nameFirst(node: number): void {
    this.#nodes ??= this.#before.nodes.slice();
    this.#nodes[node] = { task: this.#node(node).task, mapIndex: 0 };
  }

  create(task: number, mapIndex: number, reason: string): void {
    this.#nodes ??= this.#before.nodes.slice();
    this.#tasks ??= this.#before.tasks.slice();
    const node = this.#nodes.length;
    const state = UNBEGUN;
    this.#nodes.push({ task, mapIndex });
    this.#tasks.push(state);
    this.#created.push({ task, mapIndex, state, reason });
    this.#open += 1;
    this.#derived.add(task, mapIndex, node);
    this.doubts.node(task, node);
    this.doubts.around(task);
    // Whoever tells of the run before did not know of it yet: it waits like the task's first instance.
    const first = this.index.first[task] ?? -1;
    if (this.#pastUnmet?.has(first) === true) this.#pastUnmet = new Set([...this.#pastUnmet, node]);
  }

  remember(progress: RunProgress): void {
    this.#progress = progress;
  }

  tellPast(unmet: readonly number[]): void {
    this.#pastUnmet = new Set(unmet);
  }

  revoke(node: number, attempt: number): void {
    this.#effects.push({ type: 'revoke', task: node, attempt });
  }

  /** The earliest instant counts. */
  wake(at: Instant): void {
    this.#wakeAt = Math.min(this.#wakeAt, at);
  }

  enter(status: RunStatus): void {
    this.#status = status;
    this.#effects.push({ type: 'announce', status });
  }

  #node(node: number): RunNode {
    const found = (this.#nodes ?? this.#before.nodes)[node];
    if (found === undefined) throw new RangeError(`Node ${node} is not in the run of DAG "${this.dag.spec.dagId}"`);
    return found;
  }

  /** The step that was made; `no_change` when nothing moved and nothing is to be done. */
  finish(): Step {
    if (this.#wakeAt !== Infinity) this.#effects.push({ type: 'wake', at: this.#wakeAt });
    const before = this.#before;
    const moved =
      this.#tasks !== undefined ||
      this.#nodes !== undefined ||
      this.#status !== before.status ||
      this.#progress !== before.progress ||
      this.#pastUnmet !== before.pastUnmet;
    if (!moved && this.#effects.length === 0) return { kind: 'ignored', why: 'no_change' };
    const { status, tasks, nodes, progress, pastUnmet, tally, open, index } = this;
    const run: RunState = moved ? { status, tasks, nodes, progress, pastUnmet, tally, open, index } : before;
    return { kind: 'applied', run, changes: this.#allChanges(), created: this.#created, effects: this.#effects };
  }

  /** The moves, and with them the nodes that came to be those of a first item. */
  #allChanges(): readonly TaskChange[] {
    if (this.#nodes === undefined) return this.#changes;
    for (let node = 0; node < this.#before.nodes.length; node += 1) {
      if (this.#nodes[node] === this.#before.nodes[node]) continue;
      const at = this.#changeOf?.get(node);
      const change = at === undefined ? undefined : this.#changes[at];
      if (at !== undefined && change !== undefined) this.#changes[at] = { ...change, mapIndex: 0 };
      else this.#changes.push({ task: node, mapIndex: 0, from: this.state(node), to: this.state(node), reason: 'the first of its items' });
    }
    return this.#changes;
  }
}

function ignore(): void {}
