/** What must hold of asset events when many make and consume them at once; Postgres' own, for in memory nothing is at once. */

import type { AssetCondition } from '@headrace/core';
import { silentLog } from '@headrace/ports';
import { consumer, finishTask, planByCore, producer, saveDag } from '@headrace/ports/conformance/asset-store';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { createStore, type PostgresStore } from '../src/index.ts';

let database: TestDatabase;
/** A second scheduler, with connections of its own. */
let other: PostgresStore;

beforeAll(async () => {
  database = await testDatabase();
  other = createStore({ url: database.url, log: silentLog });
}, 60_000);

afterAll(async () => {
  await other.close();
  await database.drop();
});

const asset = (name: string): AssetCondition => ({ kind: 'asset', name });
const CONDITIONS: readonly AssetCondition[] = [
  asset('a'),
  { kind: 'all', of: [asset('a'), asset('b')] },
  { kind: 'any', of: [asset('b'), asset('c')] },
  { kind: 'any', of: [asset('d'), { kind: 'all', of: [asset('a'), asset('c')] }] },
  { kind: 'all', of: [asset('a'), asset('b'), asset('c'), asset('d')] },
];

/** Whether the condition is met by these assets: by substitution, as simple as can be. */
function isMet(condition: AssetCondition, updated: ReadonlySet<string>): boolean {
  if (condition.kind === 'asset') return updated.has(condition.name);
  const parts = condition.of.map((part) => isMet(part, updated));
  return condition.kind === 'all' ? !parts.includes(false) : parts.includes(true);
}

function namesIn(condition: AssetCondition): readonly string[] {
  return condition.kind === 'asset' ? [condition.name] : condition.of.flatMap(namesIn);
}

interface Consumed {
  readonly dag_id: string;
  readonly run: string | null;
  readonly event_id: string;
  readonly name: string;
}

/** Every event on a queue or of a run. */
async function consumed(): Promise<readonly Consumed[]> {
  const { rows } = await database.sql.query<Consumed>(`
    select q.dag_id, null as run, q.event_id, a.name from queued_asset_event q join asset a on a.id = q.asset_id
    union all
    select r.dag_id, r.id::text, l.event_id, a.name
    from run_asset_event l join dag_run r on r.id = l.dag_run_id join asset_event e on e.id = l.event_id join asset a on a.id = e.asset_id`);
  return rows;
}

/** Two schedulers, each looking again as long as something is left, as their duty does when it hears of an event. */
async function drain(store: PostgresStore): Promise<void> {
  for (;;) {
    const { looked, passedOver } = await store.assets.triggerConsumers(3, planByCore);
    if (looked === 0 && passedOver === 0) return;
  }
}

describe('many events, many consumers, two schedulers', () => {
  test.each([1, 2, 3])(
    'no event is lost or used twice, and every run has what it waits for (round %i)',
    async (round) => {
      await database.clean();
      for (const [index, when] of CONDITIONS.entries()) await saveDag(database.store, consumer(`consumer_${index}`, when));
      const names = ['a', 'b', 'c', 'd'];
      const pushed: string[] = [];
      const push = async (store: PostgresStore, count: number, first: number): Promise<void> => {
        for (let times = 0; times < count; times++) {
          const { eventId } = await store.assets.addEvent({ asset: names[(first + times * (round + 1)) % 4] ?? '' });
          pushed.push(eventId);
          await drain(times % 2 === 0 ? database.store : other);
        }
      };
      await Promise.all([push(database.store, 12, 0), push(other, 12, 1), push(database.store, 12, 2), drain(other), push(other, 12, 3)]);
      await Promise.all([drain(database.store), drain(other)]);

      const rows = await consumed();
      for (const [index, when] of CONDITIONS.entries()) {
        const mine = rows.filter((row) => row.dag_id === `consumer_${index}`);
        const ids = mine.map((row) => row.event_id);
        expect(new Set(ids).size).toBe(ids.length);
        const named = new Set(namesIn(when));
        const { rows: owed } = await database.sql.query<{ id: string }>(
          'select e.id from asset_event e join asset a on a.id = e.asset_id where a.name = any($1)',
          [[...named]],
        );
        expect(ids.toSorted()).toEqual(owed.map((row) => row.id).toSorted());
        const runs = Map.groupBy(mine, (row) => row.run);
        for (const [run, events] of runs) {
          expect(isMet(when, new Set(events.map((event) => event.name)))).toBe(run !== null);
        }
      }
      const { rows: unconsumed } = await database.sql.query(
        `select r.id from dag_run r where r.run_type = 'asset_triggered' and not exists (select from run_asset_event l where l.dag_run_id = r.id)`,
      );
      expect(unconsumed).toEqual([]);
      expect(pushed).toHaveLength(48);
    },
    60_000,
  );

  test('one event leads to exactly one run of each of many consumers, however many schedulers hear of it', async () => {
    await database.clean();
    const count = 200;
    const dags = Array.from({ length: count }, (_, index) => consumer(`consumer_${index}`, asset('a')));
    await database.store.catalog.saveFile({
      file: 'consumers.ts',
      dags: dags.map((spec) => ({ spec, graphHash: JSON.stringify(spec) })),
      bundle: { hash: 'code', code: '' },
    });
    await saveDag(database.store, producer('shop', 'a'));
    await finishTask(database.store, 'shop', [{ asset: 'a' }]);
    await Promise.all([drain(database.store), drain(other), drain(database.store)]);
    const { rows } = await database.sql.query(
      "select count(*)::integer as runs, count(distinct dag_id)::integer as dags from dag_run where run_type = 'asset_triggered'",
    );
    expect(rows).toEqual([{ runs: count, dags: count }]);
  }, 60_000);

  test('events of workers that end at once, with consumers between them, do not block each other', async () => {
    await database.clean();
    await saveDag(database.store, producer('shop', 'b', 'a', { name: 'c', partitions: { kind: 'dynamic' } }));
    await saveDag(database.store, consumer('report', { kind: 'any', of: ['a', 'b', 'c'].map(asset) }));
    const emit = (store: PostgresStore, index: number) => {
      const partition = `p${index % 3}`;
      const events = [{ asset: 'a' }, { asset: 'c', partition }, { asset: 'b' }, { asset: 'c', partition: `q${index % 2}` }];
      return Promise.all((index % 2 === 0 ? events : events.toReversed()).map((event) => store.assets.addEvent(event)));
    };
    await Promise.all(Array.from({ length: 20 }, (_, index) => emit(index % 2 === 0 ? database.store : other, index)));
    await Promise.all([drain(database.store), drain(other)]);
    const rows = await consumed();
    expect(rows.filter((row) => row.run !== null)).toHaveLength(80);
  }, 60_000);

  test('a queue that grows for long is not read for every event', async () => {
    await database.clean();
    await saveDag(database.store, consumer('report', { kind: 'all', of: [asset('a'), asset('b')] }));
    const event = await database.store.assets.addEvent({ asset: 'a' });
    const grow = () =>
      database.sql.query(
        `with e as (insert into asset_event (asset_id, extra) select $1, '{}' from generate_series(1, 20000) returning id)
         insert into queued_asset_event (dag_id, event_id, asset_id, partition_key, triggers, looked) select 'report', id, $1, '', true, true from e`,
        [event.assetId],
      );
    // The statistics are of when there was nothing.
    await grow();
    await database.sql.query('delete from asset_event where id <> $1', [event.eventId]);
    for (const table of ['asset_event', 'queued_asset_event']) await database.sql.query(`vacuum (analyze, truncate false) ${table}`);
    await grow();
    const seen: number[] = [];
    await database.store.assets.triggerConsumers(10, (waiting) => {
      seen.push(waiting.queued.length);
      return planByCore(waiting);
    });
    expect(seen).toEqual([1]);
    await database.store.assets.addEvent({ asset: 'b' });
    const { created } = await database.store.assets.triggerConsumers(10, (waiting) => {
      seen.push(waiting.queued.length);
      return planByCore(waiting);
    });
    expect(created).toHaveLength(1);
    expect(seen).toEqual([1, 2, 20_002]);
  }, 60_000);
});
