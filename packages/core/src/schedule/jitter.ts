/**
 * How much later than its timetable says a run is due, so that a thousand DAGs with `@daily` do not begin in one second.
 *
 * J1. It follows from the DAG's id and the interval's start: the same everywhere and whenever it is asked.
 * J2. A run is never due at or after the next one's fire time, so jitter does not change the order of runs.
 */
import type { Instant, Milliseconds } from '../model/dag.ts';

/** Whole milliseconds in [0, jitterMs], and short of `nextFire`. */
export function jitterOf(
  dagId: string,
  intervalStart: Instant,
  fire: Instant,
  nextFire: Instant | undefined,
  jitterMs: Milliseconds,
): Milliseconds {
  if (!(jitterMs > 0)) return 0;
  const wanted = Math.floor(fraction(`${dagId}\n${intervalStart}`) * (jitterMs + 1));
  return nextFire === undefined ? wanted : Math.min(wanted, Math.max(0, nextFire - fire - 1));
}

/** In [0, 1), evenly spread: FNV-1a, and the finish of MurmurHash3 because neighbouring texts must not be neighbours. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) / 2 ** 32;
}
