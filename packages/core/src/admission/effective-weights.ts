/**
 * The weight by which each task of a DAG waits for its slot, by Airflow's weight rules (administration-and-deployment/
 * priority-weight): `downstream` adds the weights of all tasks that follow, at any distance, each once; `upstream` those
 * of all that precede; `absolute` is the task's own. Mapped tasks count once, however many items they have.
 *
 * Which tasks follow is kept as bits, a block of tasks at a time: V × E ÷ 32 steps and a few hundred bytes a task, so that
 * a DAG of ten thousand tasks takes tens of milliseconds, once for each version.
 */
import type { Dag } from '../model/compiled-dag.ts';
import type { Edges } from '../model/edges.ts';
import type { WeightRule } from '../model/limit-spec.ts';

/** What fits into 32 bits with a sign, as Airflow saturates it; the smallest number is left out so that it can be negated. */
const GREATEST = 2_147_483_647;

const WORDS = 64;
const BLOCK = WORDS * 32;

/** By task index; saturating at ±(2³¹ − 1). */
export function effectiveWeights(dag: Dag): readonly number[] {
  const own = dag.tasks.map((task) => task.priorityWeight);
  const sums = own.slice();
  const ruled = (rule: WeightRule): readonly boolean[] => dag.tasks.map((task) => (task.weightRule ?? 'downstream') === rule);
  addReachable(sums, own, dag.downstream, [...dag.order].reverse(), ruled('downstream'));
  addReachable(sums, own, dag.upstream, dag.order, ruled('upstream'));
  return sums.map((sum) => Math.max(-GREATEST, Math.min(GREATEST, Math.round(sum))));
}

/** Adds to each wanted task's sum the weights of all that its edges lead to. `order`: what an edge leads to comes before it. */
function addReachable(sums: number[], own: readonly number[], edges: Edges, order: readonly number[], wanted: readonly boolean[]): void {
  if (!wanted.includes(true)) return;
  const reached = reachedByMany(own, edges, order);
  for (const task of order) {
    const [only, second] = edges[task] ?? [];
    // What a single edge leads to is known already.
    if (only !== undefined && second === undefined) reached[task] = (reached[only] ?? 0) + (own[only] ?? 0);
    if (wanted[task] === true) sums[task] = (sums[task] ?? 0) + (reached[task] ?? 0);
  }
}

/** Of tasks with several edges: the weights of all that these lead to, each once. */
function reachedByMany(own: readonly number[], edges: Edges, order: readonly number[]): number[] {
  const reached = own.map(() => 0);
  if (edges.every((next) => next.length < 2)) return reached;
  const bits = new Uint32Array(own.length * WORDS);
  for (let start = 0; start < own.length; start += BLOCK) {
    const weights = own.slice(start, start + BLOCK);
    bits.fill(0);
    for (const task of order) {
      const next = edges[task] ?? [];
      const at = task * WORDS;
      for (const other of next) {
        for (let word = 0; word < WORDS; word++) bits[at + word] = (bits[at + word] ?? 0) | (bits[other * WORDS + word] ?? 0);
        const bit = other - start;
        if (bit >= 0 && bit < BLOCK) bits[at + (bit >>> 5)] = (bits[at + (bit >>> 5)] ?? 0) | (1 << (bit & 31));
      }
      if (next.length > 1) reached[task] = (reached[task] ?? 0) + weightOf(bits.subarray(at, at + WORDS), weights);
    }
  }
  return reached;
}

/** The weights of the tasks whose bits are set. */
function weightOf(bits: Uint32Array, weights: readonly number[]): number {
  let sum = 0;
  for (let word = 0; word < WORDS; word++) {
    for (let rest = bits[word] ?? 0; rest !== 0; rest &= rest - 1) sum += weights[word * 32 + 31 - Math.clz32(rest & -rest)] ?? 0;
  }
  return sum;
}
