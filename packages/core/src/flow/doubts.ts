/**
 * What may have to be decided anew after a move: nodes, tasks with all their nodes, spaces (items, iterations) and barriers.
 * Only what an edge leads to from what changed.
 */

import type { Dag } from '../model/compiled-dag.ts';
import type { RunIndex } from './run.ts';
import { nodeAt } from './run-index.ts';

/** Of a DAG in which there is nothing to put into it. */
const NEVER = new Set<number>();

export class Doubts {
  readonly #dag: Dag;
  /** Last in, first out. */
  readonly nodes: number[] = [];
  readonly tasks: Set<number>;
  readonly spaces: Set<number>;
  readonly barriers: Set<number>;

  constructor(dag: Dag) {
    this.#dag = dag;
    // Most DAGs have neither spaces nor barriers, and a step is too short to make sets that stay empty.
    const { spaces, barriers } = dag.flow;
    this.tasks = spaces.length === 0 ? NEVER : new Set();
    this.spaces = spaces.length === 0 ? NEVER : new Set();
    this.barriers = barriers.length === 0 ? NEVER : new Set();
  }

  /** A node that is in `none`. */
  node(task: number, node: number): void {
    const space = this.#dag.flow.spaceOf[task] ?? -1;
    if (space !== -1) this.spaces.add(space);
    if (this.#dag.flow.uniform.has(task)) this.tasks.add(task);
    else this.nodes.push(node);
  }

  /** All nodes of a task. */
  task(index: RunIndex, task: number): void {
    const space = this.#dag.flow.spaceOf[task] ?? -1;
    if (space !== -1) {
      this.tasks.add(task);
      // A mapped task gets its instances only when its deciders let it.
      this.spaces.add(space);
      return;
    }
    const node = index.first[task];
    if (node !== undefined && node >= 0) this.nodes.push(node);
  }

  /** A node has ended: whom that concerns besides the tasks downstream of it outside of its space. */
  ended(index: RunIndex, task: number, mapIndex: number): void {
    const { flow } = this.#dag;
    for (const target of flow.innerDownstream[task] ?? []) this.#neighbour(index, task, mapIndex, target);
    for (const target of flow.decided.get(task) ?? []) this.#neighbour(index, task, mapIndex, target);
    for (const target of flow.guarded.get(task) ?? []) this.#neighbour(index, task, mapIndex, target);
    for (const space of flow.feeds.get(task) ?? []) this.spaces.add(space);
  }

  #neighbour(index: RunIndex, task: number, mapIndex: number, target: number): void {
    const { spaceOf } = this.#dag.flow;
    if (spaceOf[task] === -1 || spaceOf[task] !== spaceOf[target]) {
      this.task(index, target);
      return;
    }
    const node = nodeAt(this.#dag, index, target, mapIndex);
    if (node !== undefined) this.nodes.push(node);
  }

  /** A node has ended, or is open again: what it may mean for the loop whose gate it is, and for the barriers around it. */
  around(task: number): void {
    const { flow } = this.#dag;
    const space = flow.spaceOf[task] ?? -1;
    if (flow.spaces[space]?.gate === task) this.spaces.add(space);
    for (const barrier of flow.barriersOf[task] ?? []) this.barriers.add(barrier);
  }
}
