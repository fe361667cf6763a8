import fc from 'fast-check';
import { TRIGGER_RULES } from '../../src/index.ts';
import type { Shape } from './specs.ts';

/** DAGs of up to `max` tasks with any rules; the tasks' order says nothing about the edges' direction. */
export function shapes(max: number): fc.Arbitrary<Shape> {
  return fc.integer({ min: 1, max }).chain((size) =>
    fc
      .record({
        edges: fc.array(fc.boolean(), { minLength: (size * (size - 1)) / 2, maxLength: (size * (size - 1)) / 2 }),
        rules: fc.array(fc.constantFrom(...TRIGGER_RULES), { minLength: size, maxLength: size }),
        retries: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: size, maxLength: size }),
        place: fc.shuffledSubarray(
          Array.from({ length: size }, (_, task) => task),
          { minLength: size, maxLength: size },
        ),
      })
      .map(({ edges, rules, retries, place }) => {
        const upstream: number[][] = place.map(() => []);
        let edge = 0;
        for (let later = 0; later < size; later += 1) {
          for (let earlier = 0; earlier < later; earlier += 1) {
            if (edges[edge] === true) upstream[place[later] ?? 0]?.push(place[earlier] ?? 0);
            edge += 1;
          }
        }
        return { upstream, rules, retries };
      }),
  );
}

/** All DAGs of exactly `size` tasks: every set of edges that go from a lower to a higher task. */
export function allGraphs(size: number): readonly (readonly (readonly number[])[])[] {
  const pairs: [number, number][] = [];
  for (let later = 0; later < size; later += 1) for (let earlier = 0; earlier < later; earlier += 1) pairs.push([later, earlier]);
  return Array.from({ length: 2 ** pairs.length }, (_, bits) => {
    const upstream: number[][] = Array.from({ length: size }, () => []);
    for (const [bit, [later, earlier]] of pairs.entries()) if (((bits >> bit) & 1) === 1) upstream[later]?.push(earlier);
    return upstream;
  });
}

/** All lists of `length` values. */
export function allLists<T>(values: readonly T[], length: number): readonly (readonly T[])[] {
  if (length === 0) return [[]];
  return allLists(values, length - 1).flatMap((list) => values.map((value) => [...list, value]));
}

/** A small repeatable stream of numbers in [0, 1) (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
