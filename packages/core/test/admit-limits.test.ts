/** `admit` under all limits at once, beside a naive re-implementation. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { admit, type Candidate, type Capacity, type RateLimit } from '../src/index.ts';
import { propertyRuns } from './support/property-runs.ts';

const NOW = 1_000_000;

function candidate(taskInstanceId: string, more: Partial<Candidate> = {}): Candidate {
  return { taskInstanceId, dagId: 'shop', pool: 'main', poolSlots: 1, queue: 'default', priorityWeight: 1, readyAt: 0, ...more };
}

function capacity(more: Partial<Capacity> = {}): Capacity {
  return { pools: new Map([['main', 100]]), dags: new Map(), queues: new Map(), now: NOW, ...more };
}

const ids = (candidates: readonly { taskInstanceId: string }[]): readonly string[] =>
  candidates.map(({ taskInstanceId }) => taskInstanceId);

describe('a slot is refused', () => {
  test.each([
    ['task:shop/load', 'task_limit', 'Task "load" has 2 active instances over all runs, as many as its maxActive allows'],
    ['run:17/load', 'run_task_limit', 'Task "load" has 2 active instances in this run, as many as its maxActivePerRun allows'],
    ['key:crm/api', 'concurrency_limit', '2 tasks hold the concurrency key "crm/api", as many as its limit allows'],
  ])('under %s as %s', (key, reason, detail) => {
    const limits = [{ key, limit: 2 }];
    const answer = admit(
      [candidate('1', { limits }), candidate('2', { limits }), candidate('3')],
      capacity({ keys: new Map([[key, { held: 1, limit: 5 }]]) }),
    );
    expect(ids(answer.admitted)).toEqual(['1', '3']);
    expect(answer.refused).toEqual([{ taskInstanceId: '2', reason, detail }]);
  });

  test('where more would hold the key than one of its holders allows', () => {
    const generous = candidate('1', { limits: [{ key: 'key:crm', limit: 9 }] });
    expect(admit([generous], capacity({ keys: new Map([['key:crm', { held: 1, limit: 1 }]]) })).admitted).toEqual([]);
    const strict = candidate('0', { limits: [{ key: 'key:crm', limit: 1 }] });
    expect(ids(admit([strict, generous], capacity()).admitted)).toEqual(['0']);
  });

  test('for want of a token, with the time at which one is there', () => {
    const rates: readonly RateLimit[] = [{ key: 'crm', tokens: 2, perMs: 1_000, burst: 3 }];
    const five = ['1', '2', '3', '4', '5'].map((id) => candidate(id, { rates }));
    const full = admit(five, capacity());
    expect(ids(full.admitted)).toEqual(['1', '2', '3']);
    expect(full.nextAt).toBe(NOW + 500);
    expect(full.refused[0]).toEqual({
      taskInstanceId: '4',
      reason: 'rate_limit',
      detail: 'The rate limit "crm" has no token left; the next one comes in 500 ms',
    });
    const oneLeft = admit(five, capacity({ buckets: new Map([['crm', NOW + 800]]) }));
    expect(ids(oneLeft.admitted)).toEqual(['1']);
    expect(oneLeft.nextAt).toBe(NOW + 300);
    const long = admit(five, capacity({ buckets: new Map([['crm', NOW - 5]]) }));
    expect(ids(long.admitted)).toEqual(['1', '2', '3']);
  });

  test('with no time to look again where tokens are not what it waits for', () => {
    const rates: readonly RateLimit[] = [{ key: 'crm', tokens: 1, perMs: 1_000, burst: 1 }];
    const answer = admit(
      [candidate('1', { rates })],
      capacity({ pools: new Map([['main', 0]]), buckets: new Map([['crm', NOW + 9_000]]) }),
    );
    expect(answer.refused.map(({ reason }) => reason)).toEqual(['pool_full']);
    expect(answer.nextAt).toBeUndefined();
  });
});

describe('turns', () => {
  test('go to the higher class, whatever the weight', () => {
    const candidates = [
      candidate('1', { priorityClass: -1, priorityWeight: 99 }),
      candidate('2'),
      candidate('3', { priorityClass: 1, readyAt: 9 }),
    ];
    expect(ids(admit(candidates, capacity()).admitted)).toEqual(['3', '2', '1']);
  });

  test('go to DAGs in turn, so that none waits for all that another has ready', () => {
    const many = Array.from({ length: 6 }, (_, index) => candidate(String(index), { dagId: 'big' }));
    const late = [candidate('7', { dagId: 'late', readyAt: 99 }), candidate('8', { dagId: 'late', readyAt: 99 })];
    expect(ids(admit([...many, ...late], capacity()).admitted)).toEqual(['0', '7', '1', '8', '2', '3', '4', '5']);
    const held = new Map([['main', new Map([['late', 3]])]]);
    expect(ids(admit([...many, ...late], capacity({ shares: held })).admitted)).toEqual(['0', '1', '2', '3', '7', '4', '8', '5']);
    const urgent = many.map((one) => ({ ...one, priorityWeight: 2 }));
    expect(ids(admit([...urgent, ...late], capacity()).admitted)).toEqual(['0', '1', '2', '3', '4', '5', '7', '8']);
  });

  test('count slots, and those of each pool for itself', () => {
    const wide = ['1', '2'].map((id) => candidate(id, { dagId: 'wide', poolSlots: 3 }));
    const narrow = ['3', '4', '5', '6', '7'].map((id) => candidate(id, { dagId: 'narrow', readyAt: 1 }));
    expect(ids(admit([...wide, ...narrow], capacity()).admitted)).toEqual(['1', '3', '4', '5', '2', '6', '7']);
    const elsewhere = new Map([['other', new Map([['wide', 50]])]]);
    expect(ids(admit([...wide, ...narrow], capacity({ shares: elsewhere })).admitted)).toEqual(['1', '3', '4', '5', '2', '6', '7']);
  });
});

const names = fc.constantFrom('a', 'b', 'c');
const someLimits = fc.uniqueArray(
  fc.record({ key: fc.constantFrom('key:x', 'task:a/t', 'run:1/t'), limit: fc.integer({ min: 1, max: 4 }) }),
  {
    selector: ({ key }) => key,
    maxLength: 2,
  },
);
const someRates = fc.uniqueArray(
  fc.record({
    key: fc.constantFrom('r', 's'),
    tokens: fc.integer({ min: 1, max: 3 }),
    perMs: fc.constant(600),
    burst: fc.integer({ min: 1, max: 4 }),
  }),
  { selector: ({ key }) => key, maxLength: 2 },
);
const someCandidates = fc
  .array(
    fc.record({
      dagId: names,
      pool: names,
      poolSlots: fc.integer({ min: 1, max: 3 }),
      queue: names,
      priorityClass: fc.integer({ min: -1, max: 1 }),
      priorityWeight: fc.integer({ min: 0, max: 1 }),
      readyAt: fc.integer({ min: 0, max: 5 }),
      limits: someLimits,
      rates: someRates,
    }),
    { maxLength: 30 },
  )
  .map((list) => list.map((one, index): Candidate => ({ taskInstanceId: String(index), ...one })));
const counts = (most: number) =>
  fc.dictionary(names, fc.nat(most), { noNullPrototype: true }).map((record) => new Map(Object.entries(record)));
const someCapacity: fc.Arbitrary<Capacity> = fc.record({
  pools: counts(9),
  dags: counts(9),
  queues: counts(9),
  keys: fc
    .dictionary(
      fc.constantFrom('key:x', 'task:a/t'),
      fc.record({ held: fc.integer({ min: 1, max: 3 }), limit: fc.integer({ min: 1, max: 4 }) }),
    )
    .map((record) => new Map(Object.entries(record))),
  buckets: fc
    .dictionary(fc.constantFrom('r', 's'), fc.integer({ min: NOW - 100, max: NOW + 1_500 }))
    .map((record) => new Map(Object.entries(record))),
  now: fc.constant(NOW),
  shares: fc.dictionary(names, counts(4)).map((record) => new Map(Object.entries(record))),
});

/** What was given so far, looked through from the beginning every time. */
class NaiveRoom {
  readonly #capacity: Capacity;
  readonly given: Candidate[] = [];

  constructor(given: Capacity) {
    this.#capacity = given;
  }

  share({ pool, dagId }: Candidate): number {
    const before = this.#capacity.shares?.get(pool)?.get(dagId) ?? 0;
    return this.given.filter((one) => one.pool === pool && one.dagId === dagId).reduce((sum, one) => sum + one.poolSlots, before);
  }

  fits(one: Candidate): boolean {
    const { pools, dags, queues } = this.#capacity;
    const slots = this.given.filter(({ pool }) => pool === one.pool).reduce((sum, { poolSlots }) => sum + poolSlots, 0);
    if (slots + one.poolSlots > (pools.get(one.pool) ?? -1)) return false;
    if (this.given.filter(({ dagId }) => dagId === one.dagId).length >= (dags.get(one.dagId) ?? Infinity)) return false;
    if (this.given.filter(({ queue }) => queue === one.queue).length >= (queues.get(one.queue) ?? Infinity)) return false;
    return (
      (one.limits ?? []).every(({ key, limit }) => this.#keyFits(key, limit)) && (one.rates ?? []).every((rate) => this.tokens(rate) >= 1)
    );
  }

  #keyFits(key: string, limit: number): boolean {
    const before = this.#capacity.keys?.get(key);
    const holders = this.given.flatMap(({ limits = [] }) => limits.filter((held) => held.key === key));
    const smallest = Math.min(limit, before?.limit ?? Infinity, ...holders.map((held) => held.limit));
    return (before?.held ?? 0) + holders.length + 1 <= smallest;
  }

  /** Poured in from the time at which the bucket was last full. */
  tokens(rate: RateLimit): number {
    const every = rate.perMs / rate.tokens;
    const fullAt = Math.max(this.#capacity.buckets?.get(rate.key) ?? NOW, NOW);
    const taken = this.given.flatMap(({ rates = [] }) => rates.filter(({ key }) => key === rate.key));
    const missingMs = fullAt - NOW + taken.reduce((sum, one) => sum + one.perMs / one.tokens, 0);
    return rate.burst - missingMs / every + 1e-6;
  }
}

function naive(candidates: readonly Candidate[], given: Capacity): readonly string[] {
  const room = new NaiveRoom(given);
  let left = [...candidates];
  while (left.length > 0) {
    const keysOf = (one: Candidate): readonly number[] => [
      -(one.priorityClass ?? 0),
      -one.priorityWeight,
      room.share(one),
      one.readyAt,
      Number(one.taskInstanceId),
    ];
    const [next] = left.toSorted((a, b) => {
      const [first, second] = [keysOf(a), keysOf(b)];
      const differs = first.findIndex((value, index) => value !== second[index]);
      return (first[differs] ?? 0) - (second[differs] ?? 0);
    });
    left = left.filter((one) => one !== next);
    if (next !== undefined && room.fits(next)) room.given.push(next);
  }
  return ids(room.given);
}

describe('whoever asks under whatever limits', () => {
  test('the answer is that of the naive way: in order, nothing exceeded, nobody refused who fits', () => {
    let admitted = 0;
    const reasons = new Set<string>();
    fc.assert(
      fc.property(someCandidates, someCapacity, (candidates, given) => {
        const answer = admit(candidates, given);
        expect(ids(answer.admitted)).toEqual(naive(candidates, given));
        const room = new NaiveRoom(given);
        for (const one of answer.admitted) {
          expect(room.fits(one)).toBe(true);
          room.given.push(one);
        }
        for (const { taskInstanceId } of answer.refused) expect(room.fits(candidates[Number(taskInstanceId)] as Candidate)).toBe(false);
        expect(admit([...candidates].reverse(), given)).toEqual(answer);
        admitted += answer.admitted.length;
        for (const { reason } of answer.refused) reasons.add(reason);
      }),
      { numRuns: propertyRuns(400) },
    );
    expect(admitted).toBeGreaterThan(100);
    expect([...reasons].sort()).toEqual([
      'concurrency_limit',
      'dag_limit',
      'pool_full',
      'pool_unknown',
      'queue_full',
      'rate_limit',
      'run_task_limit',
      'task_limit',
    ]);
  });

  test('at the time that is given, one of those that waited for a token gets it', () => {
    fc.assert(
      fc.property(someCandidates, someCapacity, (candidates, given) => {
        const { nextAt, admitted } = admit(candidates, given);
        if (nextAt === undefined) return;
        expect(nextAt).toBeGreaterThan(NOW);
        const rest = candidates.filter((one) => !admitted.includes(one));
        const waiting = new Map(given.buckets);
        for (const { rates = [] } of admitted) {
          for (const rate of rates) waiting.set(rate.key, Math.max(waiting.get(rate.key) ?? NOW, NOW) + rate.perMs / rate.tokens);
        }
        const later = admit(rest, {
          pools: new Map(['a', 'b', 'c'].map((name) => [name, 100])),
          dags: new Map(),
          queues: new Map(),
          buckets: waiting,
          now: nextAt,
        });
        expect(later.admitted.length).toBeGreaterThan(0);
      }),
      { numRuns: propertyRuns(200) },
    );
  });

  test('no rate is exceeded in any stretch of time, whenever slots are asked for', () => {
    const rate: RateLimit = { key: 'r', tokens: 3, perMs: 1_000, burst: 4 };
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(700), fc.nat(5)), { maxLength: 40 }), (asks) => {
        const taken: number[] = [];
        let now = NOW;
        let buckets: ReadonlyMap<string, number> = new Map();
        for (const [pause, many] of asks) {
          now += pause;
          const candidates = Array.from({ length: many }, (_, index) => candidate(String(index), { rates: [rate] }));
          const { admitted, refused } = admit(candidates, capacity({ buckets, now }));
          for (const _ of admitted) {
            taken.push(now);
            const before = Math.max(buckets.get('r') ?? now, now);
            buckets = new Map([['r', before + rate.perMs / rate.tokens]]);
          }
          // Nobody waits for a token that is there.
          if (refused.length > 0)
            expect((buckets.get('r') ?? 0) - now).toBeGreaterThan((rate.burst - 1) * (rate.perMs / rate.tokens) - 0.1);
        }
        for (const from of taken) {
          for (const to of taken.filter((at) => at >= from)) {
            const within = taken.filter((at) => at >= from && at <= to).length;
            expect(within).toBeLessThanOrEqual(rate.burst + ((to - from) * rate.tokens) / rate.perMs + 1e-3);
          }
        }
      }),
      { numRuns: propertyRuns(200) },
    );
  });
});
