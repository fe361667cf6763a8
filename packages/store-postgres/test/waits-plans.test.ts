/** Looking after waits costs what is waited for now, however much was waited for before: shown on 50,000 waits that have ended. */
import { admit } from '@headrace/core';
import { silentLog } from '@headrace/ports';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { createStore } from '../src/index.ts';
import { insertHistory } from './support/history.ts';
import { explainingConnection, planOf, recorded } from './support/recorded-statements.ts';
import { claimed, dagSpec, queuedTask, saveDag, taskSpec, WORKER } from './support/scenario.ts';

const TABLES: ReadonlySet<string> = new Set(['wait', 'task_instance', 'dag_run', 'task_result']);
const MOST_ROWS = 200;
const OPEN = 20;

let db: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  db = await testDatabase();
  await insertHistory(db, 1_000);
  await db.sql.query(
    `insert into wait (task_instance_id, attempt, try_number, key, kind, condition, on_timeout, due_at, token_hash, asset, of_dag_id, of_run_id, ended_at, outcome)
     select id, 1, 1, '1', k.kind, jsonb_build_object('kind', k.kind), 'fail', now() - interval '1 day', 'old-' || id, 'a', 'watched', 'r', now(), 'met'
     from task_instance t cross join lateral (select (array['time', 'asset', 'run', 'webhook'])[1 + t.id % 4] as kind) k`,
  );
  await db.sql.query('analyze');
  for (let each = 0; each < OPEN; each++) {
    const spec = dagSpec(`waits-${each}`, [taskSpec('t')]);
    await saveDag(db.store, spec);
    const { queued } = await queuedTask(db.store, spec);
    await claimed(db.store, queued);
    const run = { dagId: 'watched', run: { runId: `r${each}` }, states: ['success'], failOn: [] } as const;
    const condition = each % 2 === 0 ? ({ kind: 'run', ...run } as const) : ({ kind: 'asset', name: 'a' } as const);
    const wait = { key: '1', condition, onTimeout: 'fail', timeoutAt: Date.now() - 1 } as const;
    await db.store.attempts.finish({ ...queued, to: { status: 'deferred', attempt: 1 }, wait }, WORKER);
  }
  client = await explainingConnection(db.url);
}, 300_000);

afterAll(async () => {
  await client.end();
  await db.drop();
});

describe('waits that have ended are not read by', () => {
  test('looking after those that are open', async () => {
    await shun(1, () => db.store.waits.standing());
    await shun(1, () => db.store.waits.due(100));
    await shun(1, () => db.store.waits.assetWaits(undefined, 100));
    await shun(1, () => db.store.waits.watchedRuns({}, 100));
    await shun(1, () => db.store.waits.watchedRuns({ runKeys: ['1', '2'] }, 100));
    await shun(1, () => db.store.waits.closeAbandoned(100));
  });

  test('ending one, and calling a webhook', async () => {
    const [wait] = await db.store.waits.due(1);
    await shun(1, () => db.store.waits.endWaits([{ waitId: wait?.waitId ?? '0', outcome: 'met', to: 'scheduled', reason: 'it came' }]));
    await shun(1, () => db.store.waits.byToken('old-7'));
  });

  test('entering one, and going on after it', async () => {
    const spec = dagSpec('enters', [taskSpec('t')]);
    await saveDag(db.store, spec);
    const { queued, task } = await queuedTask(db.store, spec);
    await claimed(db.store, queued);
    const wait = { key: '1', condition: { kind: 'webhook' }, onTimeout: 'fail', tokenHash: 'new' } as const;
    await shun(3, () => db.store.attempts.finish({ ...queued, to: { status: 'deferred', attempt: 1 }, wait }, WORKER));
    const own = await db.store.waits.byToken('new');
    await db.store.waits.endWaits([{ waitId: own?.waitId ?? '0', outcome: 'met', to: 'scheduled', reason: 'it came', json: '1' }]);
    // A store of its own, because a connection prepares a statement only once.
    const store = createStore({ url: db.url, log: silentLog });
    try {
      const { queued: again } = await store.scheduler.decide({ schedulerId: 's', runs: [] }, admit);
      const ref = again.find((each) => each.taskInstanceId === task.taskInstanceId);
      if (ref === undefined) throw new Error('the task got no slot');
      await shun(1, () => store.attempts.claim(ref, WORKER, 60_000));
    } finally {
      await store.close();
    }
  });
});

/** Carries the work out and explains its statements: none scans a table, or touches more rows than are open. */
async function shun(atLeast: number, work: () => Promise<unknown>): Promise<void> {
  const statements = await recorded(work);
  expect(statements.length).toBeGreaterThanOrEqual(atLeast);
  for (const statement of statements) {
    const nodes = await planOf(client, statement);
    const read = nodes.filter((node) => TABLES.has(node['Relation Name'] ?? '') && node['Node Type'] !== 'ModifyTable');
    for (const node of read) {
      const looked = ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 1);
      const seen = { statement: statement.text.trim().slice(0, 60), scans: node['Node Type'] === 'Seq Scan', tooMuch: looked > MOST_ROWS };
      expect(seen).toEqual({ ...seen, scans: false, tooMuch: false });
    }
  }
}
