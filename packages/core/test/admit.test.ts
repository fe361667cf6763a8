import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { admit, type Candidate, type Capacity } from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';

function candidate(taskInstanceId: string, more: Partial<Candidate> = {}): Candidate {
  return { taskInstanceId, dagId: 'shop', pool: 'main', poolSlots: 1, queue: 'default', priorityWeight: 1, readyAt: 0, ...more };
}

function capacity(main: number, more: Partial<Capacity> = {}): Capacity {
  return { pools: new Map([['main', main]]), dags: new Map([['shop', 100]]), queues: new Map([['default', 100]]), ...more };
}

const ids = (candidates: readonly { taskInstanceId: string }[]): readonly string[] =>
  candidates.map(({ taskInstanceId }) => taskInstanceId);

describe('admission', () => {
  test('goes by priority, then by who was ready first, then by id as a number', () => {
    const candidates = [
      candidate('10'),
      candidate('9'),
      candidate('11', { readyAt: -1 }),
      candidate('2', { priorityWeight: 0 }),
      candidate('12', { priorityWeight: 7, readyAt: 99 }),
      candidate('1'),
      candidate('8'),
    ];
    expect(ids(admit(candidates, capacity(6)).admitted)).toEqual(['12', '11', '1', '8', '9', '10']);
    expect(ids(admit([...candidates].reverse(), capacity(6)).admitted)).toEqual(['12', '11', '1', '8', '9', '10']);
  });

  test('passes over one that does not fit and takes the next that does', () => {
    const answer = admit([candidate('1', { poolSlots: 3, priorityWeight: 9 }), candidate('2'), candidate('3')], capacity(2));
    expect(ids(answer.admitted)).toEqual(['2', '3']);
    expect(answer.refused).toEqual([
      { taskInstanceId: '1', reason: 'pool_full', detail: `The task needs 3 of pool "main"'s slots, 2 are free` },
    ]);
  });

  test('says why each refused one waits', () => {
    const limits = capacity(1, {
      poolSizes: new Map([['main', 4]]),
      dags: new Map([
        ['shop', 9],
        ['capped', 0],
      ]),
      queues: new Map([
        ['default', 9],
        ['load', 0],
      ]),
    });
    const answer = admit(
      [
        candidate('1', { pool: 'gone' }),
        candidate('2', { poolSlots: 5 }),
        candidate('3', { dagId: 'capped' }),
        candidate('4', { queue: 'load' }),
        candidate('5', { poolSlots: 4 }),
        candidate('6'),
        candidate('7'),
      ],
      limits,
    );
    expect(ids(answer.admitted)).toEqual(['6']);
    expect(answer.refused).toEqual([
      { taskInstanceId: '1', reason: 'pool_unknown', detail: 'There is no pool "gone": create it, or give the task another pool' },
      { taskInstanceId: '2', reason: 'pool_too_small', detail: 'The task needs 5 slots at once, but pool "main" has 4 in all' },
      { taskInstanceId: '3', reason: 'dag_limit', detail: 'DAG "capped" has as many active tasks as its maxActiveTasks allows' },
      { taskInstanceId: '4', reason: 'queue_full', detail: 'Queue "load" holds as many messages as its workers can soon run' },
      { taskInstanceId: '5', reason: 'pool_full', detail: `The task needs 4 of pool "main"'s slots, 1 are free` },
      { taskInstanceId: '7', reason: 'pool_full', detail: `The task needs 1 of pool "main"'s slots, 0 are free` },
    ]);
  });

  test('counts down DAG limits and queue windows, and takes one that is not listed as unlimited', () => {
    const two = ['1', '2', '3'].map((id) => candidate(id));
    expect(ids(admit(two, capacity(9, { dags: new Map([['shop', 2]]) })).admitted)).toEqual(['1', '2']);
    expect(ids(admit(two, capacity(9, { queues: new Map([['default', 2]]) })).admitted)).toEqual(['1', '2']);
    expect(ids(admit(two, capacity(9, { queues: new Map(), dags: new Map() })).admitted)).toEqual(['1', '2', '3']);
  });

  test('of a pool that was shrunk below its use tells zero free slots', () => {
    expect(admit([candidate('1')], capacity(-3)).refused[0]?.detail).toBe(`The task needs 1 of pool "main"'s slots, 0 are free`);
  });

  test('leaves what it was given as it was', () => {
    const given = capacity(3);
    const candidates = [candidate('2'), candidate('1')];
    admit(candidates, given);
    expect(given).toEqual(capacity(3));
    expect(ids(candidates)).toEqual(['2', '1']);
  });
});

const names = fc.constantFrom('a', 'b', 'c');
const someCandidates = fc
  .array(
    fc.record({
      dagId: names,
      pool: names,
      poolSlots: fc.integer({ min: 1, max: 4 }),
      queue: names,
      priorityWeight: fc.integer({ min: 0, max: 3 }),
      readyAt: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 25 },
  )
  .map((list) => list.map((one, index): Candidate => ({ taskInstanceId: String(index), ...one })));
const someCounts = fc.tuple(fc.nat(8), fc.nat(8), fc.nat(8)).map(
  ([a, b, c]) =>
    new Map([
      ['a', a],
      ['b', b],
      ['c', c],
    ] as const),
);
const someCapacity = fc.record({ pools: someCounts, dags: someCounts, queues: someCounts });

function used(candidates: readonly Candidate[], by: 'pool' | 'dagId' | 'queue', name: string): number {
  return candidates.filter((one) => one[by] === name).reduce((sum, one) => sum + (by === 'pool' ? one.poolSlots : 1), 0);
}

describe('admission, whoever asks', () => {
  test('never exceeds a pool, a DAG limit or a queue window, and refuses nobody who would still fit', () => {
    fc.assert(
      fc.property(someCandidates, someCapacity, (candidates, free) => {
        const { admitted, refused } = admit(candidates, free);
        expect(ids([...admitted, ...refused].sort((a, b) => Number(a.taskInstanceId) - Number(b.taskInstanceId)))).toEqual(ids(candidates));
        const left = (by: 'pool' | 'dagId' | 'queue', counts: ReadonlyMap<string, number>, name: string): number =>
          (counts.get(name) ?? 0) - used(admitted, by, name);
        for (const name of ['a', 'b', 'c']) {
          expect(
            Math.min(left('pool', free.pools, name), left('dagId', free.dags, name), left('queue', free.queues, name)),
          ).toBeGreaterThanOrEqual(0);
        }
        for (const { taskInstanceId } of refused) {
          const one = candidates[Number(taskInstanceId)] ?? candidate('none');
          const fits =
            left('pool', free.pools, one.pool) >= one.poolSlots &&
            left('dagId', free.dags, one.dagId) >= 1 &&
            left('queue', free.queues, one.queue) >= 1;
          expect(fits).toBe(false);
        }
      }),
      { numRuns: propertyRuns(300) },
    );
  });

  test('starves nobody: as slots come free, every candidate that can fit at all is admitted', () => {
    fc.assert(
      fc.property(someCandidates, someCapacity, (candidates, free) => {
        const possible = candidates.filter(
          (one) =>
            (free.pools.get(one.pool as 'a') ?? 0) >= one.poolSlots &&
            (free.dags.get(one.dagId as 'a') ?? 0) > 0 &&
            (free.queues.get(one.queue as 'a') ?? 0) > 0,
        );
        let waiting = possible;
        for (let round = 0; waiting.length > 0; round += 1) {
          expect(round).toBeLessThan(possible.length);
          const admitted = new Set(ids(admit(waiting, free).admitted));
          waiting = waiting.filter(({ taskInstanceId }) => !admitted.has(taskInstanceId));
        }
      }),
      { numRuns: propertyRuns(200) },
    );
  });

  test('gives the same answer in whatever order they stand', () => {
    fc.assert(
      fc.property(someCandidates, someCapacity, fc.infiniteStream(fc.nat()), (candidates, free, numbers) => {
        const shuffled = candidates.map((one) => [numbers.next().value, one] as const).sort(([a], [b]) => a - b);
        expect(
          admit(
            shuffled.map(([, one]) => one),
            free,
          ),
        ).toEqual(admit(candidates, free));
      }),
      { numRuns: propertyRuns(100) },
    );
  });
});
