/**
 * Whose turn it is to be asked for a slot.
 *
 * T1. A higher priority class comes before a lower one, and within a class a greater weight before a smaller one: always,
 *     over all DAGs.
 * T2. Among equals the DAG comes first that holds the fewest slots of the pool that is asked for, so no DAG waits for all
 *     that another has ready. A task that takes three slots counts three times.
 * T3. Within a DAG, and between DAGs that hold as many, who was ready first comes first, then the lower id.
 */
import type { Candidate } from './admission.ts';

/** Slots of a pool that a DAG holds at this moment; grows while turns are taken. */
export type Share = (pool: string, dagId: string) => number;

export function* turns(candidates: readonly Candidate[], share: Share): Generator<Candidate> {
  for (const equals of byPriority(candidates)) yield* fairly(equals, share);
}

/** Lists of equal priority, the most urgent first. */
function byPriority(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const lists = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const priority = `${candidate.priorityClass ?? 0} ${candidate.priorityWeight}`;
    const list = lists.get(priority);
    if (list === undefined) lists.set(priority, [candidate]);
    else list.push(candidate);
  }
  return [...lists.values()].sort(([a], [b]) => (a === undefined || b === undefined ? 0 : comparePriority(a, b)));
}

/** What `comparePriority` looks at. */
export type Priority = Pick<Candidate, 'priorityClass' | 'priorityWeight'>;

/** Less than zero: `a` is the more urgent. */
export function comparePriority(a: Priority, b: Priority): number {
  return (b.priorityClass ?? 0) - (a.priorityClass ?? 0) || b.priorityWeight - a.priorityWeight;
}

/** Those of one DAG that ask for slots of one pool, in their order. */
interface Line {
  readonly pool: string;
  readonly dagId: string;
  readonly waiting: readonly Candidate[];
  /** Whose turn it is. */
  next: number;
  share: number;
}

function* fairly(equals: readonly Candidate[], share: Share): Generator<Candidate> {
  const heap = linesOf(equals, share);
  for (let index = (heap.length >> 1) - 1; index >= 0; index--) sink(heap, index);
  for (let line = heap[0]; line !== undefined; line = heap[0]) {
    const candidate = line.waiting[line.next];
    if (candidate !== undefined) yield candidate;
    line.next += 1;
    line.share = share(line.pool, line.dagId);
    if (line.next >= line.waiting.length) {
      const last = heap.pop();
      if (last === line || last === undefined) continue;
      heap[0] = last;
    }
    sink(heap, 0);
  }
}

function linesOf(equals: readonly Candidate[], share: Share): Line[] {
  const pools = new Map<string, Map<string, Candidate[]>>();
  for (const candidate of equals) {
    const dags = pools.get(candidate.pool) ?? new Map<string, Candidate[]>();
    pools.set(candidate.pool, dags);
    const line = dags.get(candidate.dagId);
    if (line === undefined) dags.set(candidate.dagId, [candidate]);
    else line.push(candidate);
  }
  return [...pools].flatMap(([pool, dags]) =>
    [...dags].map(([dagId, waiting]) => ({ pool, dagId, waiting: waiting.sort(compareReady), next: 0, share: share(pool, dagId) })),
  );
}

/** Puts the line at this place of the heap where it belongs. A share only grows, so it can only sink. */
function sink(heap: Line[], from: number): void {
  for (let at = from; ; ) {
    const smallest = [2 * at + 1, 2 * at + 2].reduce((best, child) => (isBefore(heap[child], heap[best]) ? child : best), at);
    const [line, other] = [heap[at], heap[smallest]];
    if (smallest === at || line === undefined || other === undefined) return;
    heap[at] = other;
    heap[smallest] = line;
    at = smallest;
  }
}

function isBefore(a: Line | undefined, b: Line | undefined): boolean {
  const [first, second] = [a?.waiting[a.next], b?.waiting[b.next]];
  if (a === undefined || b === undefined || first === undefined || second === undefined) return false;
  return (a.share - b.share || compareReady(first, second)) < 0;
}

function compareReady(a: Candidate, b: Candidate): number {
  return a.readyAt - b.readyAt || compareIds(a.taskInstanceId, b.taskInstanceId);
}

/** Ids are whole numbers in decimal: `9` comes before `10`. */
function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
