import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { runHere } from './support/run-program.ts';

let database: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  database = await testDatabase();
  env = { DATABASE_URL: database.url, HEADRACE_HOME: mkdtempSync(join(tmpdir(), 'headrace-clean-')) };
  await database.sql.query(`
    insert into bundle (hash, code) values ('h', '');
    insert into dag (dag_id, file, paused, tags, max_active_runs, max_active_tasks) values ('old', 'old.ts', false, '{}', 1, 1);
    insert into dag_version (dag_id, number, file, graph_hash, bundle_hash, spec) values ('old', 1, 'old.ts', 'g', 'h', '{}');
    insert into dag_run (dag_id, run_id, version_id, run_type, state, run_after, params, triggered_by, ended_at)
    select 'old', 'r' || n, v.id, 'manual', 'success', now(), '{}', 'test', now() - n * interval '100 days'
    from dag_version v, generate_series(1, 6) n`);
}, 60_000);

afterAll(async () => {
  await database?.drop();
  if (env !== undefined) rmSync(env.HEADRACE_HOME as string, { recursive: true, force: true });
});

const clean = async (...args: readonly string[]) => runHere(['db', 'clean', '-o', 'json', ...args], env);
const removed = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await clean(...args);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as { dry_run: boolean; removed: Record<string, number> };
};

test('counts and removes what the settings say, or what is asked for', async () => {
  // The newest ten of each DAG stay, unless it is said otherwise.
  expect(await removed('--dry-run')).toMatchObject({ dry_run: true, removed: { runs: 0 } });
  expect(await removed('--dry-run', '--keep', '0')).toMatchObject({ removed: { runs: 3 } });
  expect(await removed('--keep', '0')).toMatchObject({ dry_run: false, removed: { runs: 3 } });
  const before = new Date(Date.now() - 150 * 86_400_000).toISOString();
  expect(await removed('--before', before, '--keep', '0', '--only', 'notices')).toEqual({ dry_run: false, removed: { notices: 0 } });
  expect(await removed('--before', before, '--keep', '0')).toMatchObject({ removed: { runs: 2 } });
  const { rows } = await database.sql.query('select run_id from dag_run');
  expect(rows).toEqual([{ run_id: 'r1' }]);
});

test('shows a person what went', async () => {
  const { code, stdout } = await runHere(['db', 'clean', '--before', '2999-01-01', '--keep', '0', '--only', 'runs', '--dry-run'], env);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/WOULD GO +ROWS\nruns +1\n/)]);
});

test('a schedule of housekeeping that is none stops a scheduler before it begins', async () => {
  const { code, stderr } = await runHere(['scheduler'], { ...env, HEADRACE_HOUSEKEEPING_SCHEDULE: '61 * * * *' });
  expect([code, stderr]).toEqual([2, expect.stringContaining('HEADRACE_HOUSEKEEPING_SCHEDULE is no cron expression: "61 * * * *"')]);
});

test.each([
  [['--before', 'soon'], /--before must be a date or an instant/],
  [['--keep', 'all'], /--keep must be a number/],
  [['--only', 'runs,ghosts'], /there is no "ghosts"; there are runs, logs/],
])('%j is refused', async (args, message) => {
  const { code, stdout, stderr } = await clean(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});
