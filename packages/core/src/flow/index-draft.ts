/**
 * The tally and the index of a run while one step works on it: copied when first written, then changed move by move.
 *
 * After each change they are what `countIndex` and `countTally` would make of the nodes and their states, but for `iteration` and
 * `passable`: those are brought up to date by `setIteration` and `setPassable`.
 */
import type { Dag } from '../model/compiled-dag.ts';
import { isTerminal, type TaskStatus } from '../model/states.ts';
import type { RunIndex, RunState } from './run.ts';
import { COLUMN, countStatus, isOver, mayFail, place } from './run-index.ts';
import { addShown, TALLY_COLUMNS, TOTAL } from './tally.ts';

type Writable = { -readonly [K in keyof RunIndex]: RunIndex[K] };

export class IndexDraft {
  readonly #dag: Dag;
  readonly #before: Pick<RunState, 'tally' | 'index'>;
  #tally: Uint32Array | undefined;
  #index: Writable | undefined;
  #more: Map<number, (number | undefined)[]> | undefined;
  #ownPlaces: Set<number> | undefined;

  constructor(dag: Dag, before: Pick<RunState, 'tally' | 'index'>) {
    this.#dag = dag;
    this.#before = before;
  }

  get tally(): Uint32Array {
    return this.#tally ?? this.#before.tally;
  }

  get index(): RunIndex {
    return this.#index ?? this.#before.index;
  }

  /** Counts a move of a node. `crossed` is called for each downstream task outside of its space of which a verdict may be another now. */
  move(task: number, mapIndex: number, from: TaskStatus, to: TaskStatus, crossed: (target: number) => void): void {
    const { spaceOf, spaces, barriersOf, outerDownstream } = this.#dag.flow;
    const space = spaceOf[task] ?? -1;
    const wasTerminal = isTerminal(from);
    const becomesTerminal = isTerminal(to);
    if (space !== -1) {
      const { counts } = this.#writeIndex();
      countStatus(counts, task, from, -1);
      countStatus(counts, task, to, 1);
    }
    if (!wasTerminal && !becomesTerminal) return;
    const around = barriersOf[task] ?? [];
    if (around.length > 0) {
      const { unfinished, failed } = this.#writeIndex();
      const failures = mayFail(this.#dag, task) ? 0 : (to === 'failed' ? 1 : 0) - (from === 'failed' ? 1 : 0);
      for (const barrier of around) {
        unfinished[barrier] = (unfinished[barrier] ?? 0) + (wasTerminal ? 1 : 0) - (becomesTerminal ? 1 : 0);
        failed[barrier] = (failed[barrier] ?? 0) + failures;
      }
    }
    const targets = outerDownstream[task] ?? [];
    if (targets.length === 0) return;
    if (space !== -1 && spaces[space]?.loop !== undefined && mapIndex !== this.index.iteration[space]) return;
    for (const target of targets) {
      if (!isOver(this.#dag, this.index, task, target)) continue;
      if (this.#shift(target, wasTerminal ? COLUMN[from] : -1, becomesTerminal ? COLUMN[to] : -1)) crossed(target);
    }
  }

  /** Changes a tally; true when a verdict may be another now: a column came to be empty or not, or everything is done. */
  #shift(target: number, minus: number, plus: number): boolean {
    this.#tally ??= this.#before.tally.slice();
    const tally = this.#tally;
    const base = target * TALLY_COLUMNS;
    let crosses = false;
    if (minus >= 0) {
      const left = (tally[base + minus] ?? 0) - 1;
      tally[base + minus] = left;
      crosses = left === 0;
    }
    if (plus >= 0) {
      const now = (tally[base + plus] ?? 0) + 1;
      tally[base + plus] = now;
      crosses ||= now === 1;
    }
    return crosses || this.#allDone(base);
  }

  #allDone(base: number): boolean {
    const { tally } = this;
    let done = 0;
    for (let column = 0; column < TOTAL; column += 1) done += tally[base + column] ?? 0;
    return done === tally[base + TOTAL];
  }

  /** Enters a node that is new, in `none`. */
  add(task: number, mapIndex: number, node: number): void {
    const { spaceOf, spaces, barriersOf, outerDownstream } = this.#dag.flow;
    const index = this.#writeIndex();
    if (this.#more === undefined) {
      this.#more = new Map(index.more as Map<number, (number | undefined)[]>);
      index.more = this.#more;
      index.first = index.first.slice();
    }
    this.#ownPlaces ??= new Set();
    if (!this.#ownPlaces.has(task)) {
      this.#ownPlaces.add(task);
      const places = this.#more.get(task);
      if (places !== undefined) this.#more.set(task, places.slice());
    }
    place(index.first, this.#more, task, mapIndex, node);
    countStatus(index.counts, task, 'none', 1);
    for (const barrier of barriersOf[task] ?? []) index.unfinished[barrier] = (index.unfinished[barrier] ?? 0) + 1;
    if (spaces[spaceOf[task] ?? -1]?.loop !== undefined) return;
    for (const target of outerDownstream[task] ?? []) {
      this.#tally ??= this.#before.tally.slice();
      const total = target * TALLY_COLUMNS + TOTAL;
      this.#tally[total] = (this.#tally[total] ?? 0) + 1;
    }
  }

  setIteration(space: number, iteration: number): void {
    this.#writeIndex().iteration[space] = iteration;
  }

  /** Opens or shuts a barrier, and lets what is behind it count or not. `crossed`: see `move`. */
  setPassable(
    run: Pick<RunState, 'tasks' | 'nodes' | 'progress'>,
    barrier: number,
    passable: boolean,
    crossed: (target: number) => void,
  ): void {
    const index = this.#writeIndex();
    const within = this.#dag.flow.barriers[barrier]?.tasks ?? new Set<number>();
    // While it counts as open the question is only whether every other barrier of the edge is.
    index.passable[barrier] = 1;
    for (const task of within) {
      for (const target of this.#dag.flow.outerDownstream[task] ?? []) {
        if (within.has(target) || !isOver(this.#dag, index, task, target)) continue;
        this.#tally ??= this.#before.tally.slice();
        addShown(this.#dag, run, index, this.#tally, task, target, passable ? 1 : -1);
        if (passable) crossed(target);
      }
    }
    index.passable[barrier] = passable ? 1 : 0;
  }

  #writeIndex(): Writable {
    if (this.#index === undefined) {
      const { index } = this.#before;
      this.#index = {
        ...index,
        counts: index.counts.slice(),
        iteration: index.iteration.slice(),
        unfinished: index.unfinished.slice(),
        failed: index.failed.slice(),
        passable: index.passable.slice(),
      };
    }
    return this.#index;
  }
}
