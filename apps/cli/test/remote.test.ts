/** The commands that talk to the API, against a whole Headrace over a PostgreSQL of its own. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { silentLog } from '@headrace/ports';
import { createStore, type PostgresStore } from '@headrace/store-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EmptyDatabase, emptyDatabase } from '../../../tests/support/empty-database.ts';
import { type HeadraceProcess, startHeadrace } from '../../../tests/support/headrace-process.ts';
import { until } from '../../../tests/support/poll.ts';
import { type CliResult, runCli, startCli } from './support/run-cli.ts';
import { runHere } from './support/run-program.ts';

const dagsDir = fileURLToPath(new URL('dags', import.meta.url));

let database: EmptyDatabase;
let home: string;
let environment: Record<string, string>;
let store: PostgresStore;
const processes: HeadraceProcess[] = [];

beforeAll(async () => {
  database = await emptyDatabase();
  home = mkdtempSync(join(tmpdir(), 'headrace-cli-'));
  environment = {
    DATABASE_URL: database.url,
    HEADRACE_HOME: home,
    HEADRACE_DAGS: dagsDir,
    HEADRACE_WORKER_SLOTS: '2',
    HEADRACE_PORT: '0',
    HEADRACE_TOKEN: 'the-token',
    HEADRACE_SECRET_KEY: 'a key for tests, long enough',
    HEADRACE_LOG_LEVEL: 'warn',
  };
  const migrated = await cli('db', 'migrate', '-o', 'json');
  expect([migrated.code, JSON.parse(migrated.stdout).applied.length > 0]).toEqual([0, true]);
  store = createStore({ url: database.url, log: silentLog });
  // Only a scheduler needs the DAG folder.
  processes.push(
    ...(await Promise.all(
      (['api', 'scheduler', 'worker'] as const).map((role) =>
        startHeadrace(role, role === 'scheduler' ? environment : { ...environment, HEADRACE_DAGS: '/not/there' }),
      ),
    )),
  );
  environment.HEADRACE_URL = processes[0]?.address ?? '';
  await until('the DAG files', async () => (await store.queries.dag('shop')) !== undefined);
}, 60_000);

afterAll(async () => {
  await Promise.all(processes.map((process) => process.stop()));
  await store?.close();
  await database?.drop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}, 60_000);

const cli = (...args: string[]): Promise<CliResult> => runHere(args, environment);

async function json(...args: string[]) {
  const { code, stdout, stderr } = await cli(...args, '--output', 'json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('the command line', () => {
  test('lists, creates, resizes and deletes pools', async () => {
    expect((await json('pools', 'list')).pools).toMatchObject([{ name: 'default_pool', slots: 128 }]);
    expect(await json('pools', 'set', 'crm', '3', '--description', 'The CRM', '--include-deferred')).toMatchObject({
      slots: 3,
      include_deferred: true,
    });
    expect(await json('pools', 'set', 'crm', 'unlimited')).toMatchObject({ slots: -1, description: 'The CRM', include_deferred: true });
    expect((await cli('pools', 'list')).stdout).toMatch(/crm +unlimited +0 +0 +0 +0 +The CRM/);
    expect((await cli('pools', 'set', 'crm', 'many')).code).toBe(2);
    expect(await json('pools', 'delete', 'crm')).toEqual({ deleted: 'crm' });
    expect(await cli('pools', 'delete', 'crm')).toMatchObject({ code: 3, stderr: expect.stringContaining('no pool "crm"') });
    expect((await cli('pools', 'delete', 'default_pool')).code).toBe(4);
  });

  test('fills dates of the past: lists them first, then makes their runs, and runs failed ones anew', async () => {
    const range = ['nightly', '--from-date', '2024-02-28', '--to-date', '2024-03-01T03:00:00Z'];
    const dates = ['2024-02-28', '2024-02-29', '2024-03-01'].map((day) => `${day}T03:00:00.000Z`);
    const planned = await json('backfill', 'create', ...range, '--dry-run');
    expect(planned.backfills.map((one: { logical_date: string; action: string }) => [one.logical_date, one.action])).toEqual(
      dates.map((date) => [date, 'create']),
    );
    expect((await json('backfill', 'list', 'nightly')).total_entries).toBe(0);
    const { id } = await json('backfill', 'create', ...range, '--max-active-runs', '1', '--run-backwards');
    await until('the backfill', async () => (await json('backfill', 'list', 'nightly')).backfills[0]?.completed_at !== null);
    const { dag_runs } = await json('runs', 'list', 'nightly');
    const filled = dag_runs.filter((run: { run_type: string }) => run.run_type === 'backfill');
    const byStart = filled.toSorted((a: { start_date: string }, b: { start_date: string }) => (a.start_date < b.start_date ? -1 : 1));
    expect(byStart.map((run: { logical_date: string; state: string }) => [run.logical_date, run.state])).toEqual(
      dates.toReversed().map((date) => [date, 'success']),
    );
    expect((await cli('backfill', 'list', 'nightly')).stdout).toMatch(new RegExp(`${id} +complete +2024-02-28`));
    expect((await cli('backfill', 'create', ...range, '--dry-run')).stdout).toMatch(/0 to run, 3 skipped; nothing was done/);
    const again = await json('backfill', 'create', ...range, '--reprocess-behavior', 'completed');
    await until('the second backfill', async () => (await json('backfill', 'list', 'nightly')).backfills[0]?.completed_at !== null);
    const tries = await json('tasks', 'list', 'nightly', byStart[0].dag_run_id);
    expect(tries.task_instances).toMatchObject([{ state: 'success', try_number: 2 }]);
    expect(await cli('backfill', 'pause', String(again.id))).toMatchObject({ code: 4, stderr: expect.stringContaining('has ended') });
    expect((await cli('backfill', 'create', 'shop', ...range.slice(1))).stderr).toMatch(/no schedule in time/);
    expect((await cli('backfill', 'cancel', 'x')).code).toBe(2);
  }, 120_000);

  test('tells the next runs of a schedule, and makes one run of one idempotency key', async () => {
    const next = await json('dags', 'next-execution', 'nightly', '-n', '3');
    const after = next.upcoming_runs.map((run: { run_after: string }) => Date.parse(run.run_after));
    expect(after.map((at: number) => at - after[0])).toEqual([0, 86_400_000, 172_800_000]);
    expect((await cli('dags', 'next-execution', 'shop')).stdout).toBe(
      'shop has no next run: it is paused, or its schedule does not tell\n',
    );
    const [one, two] = [
      await json('dags', 'trigger', 'nightly', '--idempotency-key', 'once'),
      await json('dags', 'trigger', 'nightly', '--idempotency-key', 'once'),
    ];
    expect(two.dag_run_id).toBe(one.dag_run_id);
    const other = await cli('dags', 'trigger', 'nightly', '--idempotency-key', 'once', '--note', 'another');
    expect([other.code, other.stderr]).toEqual([4, expect.stringContaining('take a new key for a new request')]);
  });

  test('says that the schema is up to date', async () => {
    expect(await cli('db', 'migrate')).toEqual({ code: 0, stdout: 'The schema is up to date\n', stderr: '' });
  });

  test('lists, shows, pauses and un-pauses DAGs, and shows broken files', async () => {
    expect((await json('dags', 'list')).dags).toMatchObject([
      { dag_id: 'grouped' },
      { dag_id: 'nightly' },
      { dag_id: 'outer' },
      { dag_id: 'shop', tags: [{ name: 'test' }] },
    ]);
    const shown = (await cli('dags', 'show', 'shop')).stdout;
    expect(shown).toMatch(/params .*\bitems=2\b/);
    expect(shown).toMatch(/count +task +report +all_success +2 +default/);
    expect((await json('dags', 'pause', 'shop')).is_paused).toBe(true);
    expect((await cli('dags', 'list')).stdout).toMatch(/shop +manual +paused/);
    expect((await cli('dags', 'unpause', 'shop')).stdout).toBe('shop is not paused\n');
    expect((await cli('dags', 'errors')).stdout).toMatch(/broken\.ts:4:\d+: .*this file cannot be loaded/);
  });

  test('says what the API refuses, by the names that the user typed', async () => {
    const unknown = await cli('dags', 'show', 'shap');
    expect([unknown.code, unknown.stdout, unknown.stderr]).toEqual([3, '', 'error: There is no DAG "shap"\n']);
    const params = await cli('dags', 'trigger', 'shop', '--param', 'items=0');
    expect([params.code, params.stderr]).toEqual([4, expect.stringMatching(/The params do not fit the DAG\n {2}--param items: /)]);
    const token = await runCli(['dags', 'list'], { ...environment, HEADRACE_TOKEN: 'wrong' });
    expect([token.code, token.stderr]).toEqual([4, expect.stringContaining('Set HEADRACE_TOKEN')]);
  });

  test('follows a run to its failure, explains it, retries it, and reads the logs of both tries', async () => {
    const fatal = join(home, 'fatal');
    writeFileSync(fatal, '');
    const ended = await cli('dags', 'trigger', 'shop', '--run-id', 'one', '--param', `fatal=${fatal}`, '--wait');
    expect([ended.code, ended.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^error: The run failed:\n {2}count: TypeError: no luck at all\nIts log: headrace tasks logs shop 'one' count\n$/,
      ),
    ]);
    expect(ended.stdout).toMatch(/^shop one\n[\s\S]* count +failed[\s\S]* report +upstream_failed[\s\S]*state +failed/);
    expect((await cli('tasks', 'list', 'shop', 'latest')).stdout).toMatch(
      /count +failed +1 .*TypeError: no luck at all\nreport +upstream_failed/,
    );
    expect((await cli('tasks', 'logs', 'shop', 'latest', 'report')).stdout).toMatch(/The task did not run: it is upstream_failed/);
    expect((await json('tasks', 'explain', 'shop', 'one', 'count')).conditions).toMatchObject([{ rule: 'task_status', passed: false }]);

    rmSync(fatal);
    expect((await cli('tasks', 'retry', 'shop', 'one')).stdout).toMatch(/^Run anew: count, report\n/);
    await ends('one', 'success');
    const run = await json('runs', 'show', 'shop', 'one');
    expect(run).toMatchObject({ state: 'success', conf: { items: 2, fatal }, triggered_by: 'cli', triggering_user_name: 'HEADRACE_TOKEN' });
    expect(run.task_instances).toMatchObject([
      { task_id: 'count', state: 'success', try_number: 2 },
      { task_id: 'report', state: 'success' },
    ]);
    expect((await json('tasks', 'logs', 'shop', 'one', 'count', '--try', '1')).content[0]).toMatchObject({
      event: 'counting',
      fields: { items: 2 },
    });
    expect((await cli('tasks', 'logs', 'shop', 'one', 'count', '--try', '1')).stdout).toMatch(/no luck at all/);
    expect((await cli('tasks', 'logs', 'shop', 'one', 'count')).stdout).not.toMatch(/no luck at all/);
  });

  test('gives a run that succeeds as one document, whatever is waited for', async () => {
    const run = await json('dags', 'trigger', 'shop', '--param', 'items=7', '--logical-date', '2024-01-01', '--wait');
    expect(run).toMatchObject({
      state: 'success',
      logical_date: '2024-01-01T00:00:00.000Z',
      task_instances: [{ state: 'success' }, { state: 'success' }],
    });
  });

  test('explains what a retry waits for', async () => {
    await json('dags', 'trigger', 'shop', '--run-id', 'waiting', '--param', 'failures=1');
    await until('a retry', async () => (await store.queries.taskInstance('shop', 'waiting', 'count', -1))?.status === 'up_for_retry');
    expect((await cli('tasks', 'explain', 'shop', 'waiting', 'count')).stdout).toMatch(
      /count is up_for_retry\n.*\nwaits +due +The next try is due in \d+ min/,
    );
    expect((await cli('runs', 'cancel', 'shop', 'waiting')).code).toBe(0);
  });

  test('follows the log of a running task to its end', async () => {
    const hold = join(home, 'hold');
    writeFileSync(hold, '');
    await json('dags', 'trigger', 'shop', '--run-id', 'held', '--param', `hold=${hold}`);
    await until('a running task', async () => (await store.queries.taskInstance('shop', 'held', 'count', -1))?.status === 'running');
    const following = cli('tasks', 'logs', 'shop', 'held', 'count', '--follow');
    rmSync(hold);
    const { code, stdout } = await following;
    expect([code, stdout.match(/counting/g)?.length]).toEqual([0, 1]);
    await ends('held', 'success');
  });

  test('cancels a run whose task is running, once', async () => {
    const hold = join(home, 'hold');
    writeFileSync(hold, '');
    await json('dags', 'trigger', 'shop', '--run-id', 'three', '--param', `hold=${hold}`);
    await until('a running task', async () => (await store.queries.taskInstance('shop', 'three', 'count', -1))?.status === 'running');
    expect((await cli('runs', 'cancel', 'shop', 'three')).stdout).toBe('shop three is cancelled\n');
    const again = await cli('runs', 'cancel', 'shop', 'three');
    expect([again.code, again.stderr]).toEqual([4, expect.stringMatching(/has ended as failed/)]);
    const listed = await json('runs', 'list', 'shop', '--state', 'failed');
    expect(listed.dag_runs.map((run: { dag_run_id: string }) => run.dag_run_id)).toContain('three');
    rmSync(hold);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('a process says when it is ready, and ends with 0 on %s', async (signal) => {
    const started = startCli(['api'], environment);
    await started.says('headrace api ready at http://127.0.0.1:');
    started.signal(signal);
    expect(await started.ended).toMatchObject({ code: 0, stderr: expect.stringContaining(`headrace api: ${signal}, finishing`) });
  });

  test('a process that cannot start says why and ends with 1', async () => {
    const refused = await runCli(['api'], { ...environment, DATABASE_URL: 'postgres://postgres@127.0.0.1:1/none' });
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/ECONNREFUSED/);
    const bare = new URL(environment.DATABASE_URL ?? '');
    bare.pathname = '/postgres';
    const old = await runCli(['api'], { ...environment, DATABASE_URL: bare.href });
    expect([old.code, old.stderr]).toEqual([1, expect.stringMatching(/^error: The database schema .* run `headrace db migrate`\n$/)]);
  });

  test('tells what a clear would do, and names a task that is not there', async () => {
    const dry = await cli('tasks', 'clear', 'shop', 'one', 'report', '--upstream', '--dry-run');
    expect(dry.stdout).toBe('Would be run anew: count, report\n');
    const misspelt = await cli('tasks', 'clear', 'shop', 'one', 'raport');
    expect([misspelt.code, misspelt.stderr]).toEqual([4, expect.stringContaining('has no task or group "raport"')]);
  });

  test('takes a group for its tasks, and an iteration of a loop alone or with the later ones', async () => {
    expect((await cli('dags', 'trigger', 'grouped', '--run-id', 'g1')).code).toBe(0);
    await ends('g1', 'success', 'grouped');
    const dry = async (...args: string[]) => (await cli('tasks', 'clear', 'grouped', 'g1', ...args, '--dry-run')).stdout;
    expect(await dry('prepare')).toBe('Would be run anew: prepare.check.count, prepare.fetch\n');
    expect(await dry('prepare.check')).toBe('Would be run anew: prepare.check.count\n');
    expect(await dry('pages', '--map-index', '1')).toBe('Would be run anew: pages.next[1]\n');
    expect(await dry('pages.next', '--map-index', '1', '--later-iterations')).toBe('Would be run anew: pages.next[1], pages.next[2]\n');
    expect(await cli('tasks', 'clear', 'grouped', 'g1', '--map-index', '1')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--map-index needs the tasks'),
    });

    const ofGroup = await json('tasks', 'list', 'grouped', 'g1', '--group', 'prepare');
    expect(ofGroup.task_instances.map((one: { task_id: string }) => one.task_id).sort()).toEqual(['prepare.check.count', 'prepare.fetch']);
    expect((await cli('tasks', 'mark', 'grouped', 'g1', 'prepare', 'failed')).stdout).toBe(
      'Marked failed: prepare.check.count, prepare.fetch\n',
    );
    const misspelt = await cli('tasks', 'mark', 'grouped', 'g1', 'prepair', 'failed');
    expect([misspelt.code, misspelt.stderr]).toEqual([3, expect.stringContaining('has no task or group "prepair"')]);
    expect((await cli('tasks', 'retry', 'grouped', 'g1', 'prepare')).stdout).toContain('prepare.check.count, prepare.fetch');
    await until('the retry to begin', async () => (await store.queries.taskInstance('grouped', 'g1', 'prepare.fetch', -1))?.attempt === 2);
    await ends('g1', 'success', 'grouped');
  });

  test('a task makes a run of another DAG, which says so; params that the DAG refuses fail the task', async () => {
    expect((await cli('dags', 'trigger', 'outer', '--run-id', 'o1')).code).toBe(0);
    await ends('o1', 'failed', 'outer');
    const { task_instances } = await json('tasks', 'list', 'outer', 'o1');
    const [made, refused] = ['good', 'bad'].map((id) => task_instances.find((one: { task_id: string }) => one.task_id === id));
    expect(made.state).toBe('success');
    expect([refused.state, refused.try_number, refused.error]).toEqual([
      'failed',
      1,
      expect.objectContaining({
        code: 'HR_INVALID_PARAMS',
        message: expect.stringContaining('DAG "shop" could not be made: param "items"'),
      }),
    ]);
    const inner = await json('runs', 'show', 'shop', 'latest');
    expect(inner.conf).toMatchObject({ items: 3, failures: 0 });
    expect((await store.queries.run('shop', inner.dag_run_id))?.parent).toEqual({ dagId: 'outer', runId: 'o1', taskId: 'good' });
    await ends(inner.dag_run_id, 'success');
  });
});

describe('files', () => {
  test('of pools are those of Airflow, both ways; what is there is not touched unless that is asked for', async () => {
    const file = join(home, 'pools.yaml');
    writeFileSync(file, 'api_pool:\n  slots: 5\n  description: bears five\n  include_deferred: true\n');
    expect(await json('pools', 'import', file)).toMatchObject({ created: ['api_pool'], updated: [] });
    expect(await cli('pools', 'import', file)).toMatchObject({ code: 4, stderr: expect.stringContaining('Nothing was imported') });
    expect(await json('pools', 'import', file, '--on-existing', 'skip')).toMatchObject({ skipped: ['api_pool'] });
    writeFileSync(file, 'api_pool: { slots: 6 }\n');
    expect(await json('pools', 'import', file, '--on-existing', 'overwrite')).toMatchObject({ updated: ['api_pool'] });
    const exported = JSON.parse((await cli('pools', 'export')).stdout);
    expect(exported.api_pool).toEqual({ slots: 6, description: 'bears five', include_deferred: true });
    writeFileSync(file, 'api_pool: { slots: many }\n');
    expect((await cli('pools', 'import', file)).stderr).toContain('must have "slots"');
    expect((await cli('pools', 'delete', 'api_pool')).code).toBe(0);
  });

  test('of connections hold no secret unless that is asked for, and then only their owner reads them', async () => {
    const [file, secrets] = [join(home, 'connections.json'), join(home, 'secrets.env')];
    const airflow = {
      tills: {
        conn_type: 'postgres',
        host: 'db',
        port: 5432,
        login: 'ann',
        password: 'p&ss wörd',
        schema: 'pos',
        extra: '',
        description: '',
      },
      lake: 's3://bucket/prefix',
    };
    writeFileSync(file, JSON.stringify(airflow));
    expect(await json('connections', 'import', file)).toMatchObject({ created: ['tills', 'lake'] });
    const plain = await cli('connections', 'export');
    expect([plain.stdout.includes('wörd'), plain.stderr]).toEqual([false, expect.stringContaining('are left out')]);
    expect(JSON.parse(plain.stdout).tills).toMatchObject({ conn_type: 'postgres', host: 'db', login: 'ann', schema: 'pos' });
    expect((await cli('connections', 'export', secrets)).code).toBe(2);
    expect((await cli('connections', 'export', secrets, '--with-secrets')).code).toBe(0);
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    expect(readFileSync(secrets, 'utf8')).toContain('tills=postgres://ann:p%26ss%20w%C3%B6rd@db:5432/pos');
    expect(await json('connections', 'import', secrets, '--on-existing', 'overwrite')).toMatchObject({
      updated: ['lake', 'tills'],
      refused: [],
    });
    for (const id of ['tills', 'lake']) await json('connections', 'delete', id);
  });

  test('of variables keep values and descriptions', async () => {
    const file = join(home, 'variables.json');
    writeFileSync(file, JSON.stringify({ limit: 3, city: { value: 'Oslo', description: 'where' }, nested: { a: 1 } }));
    expect(await json('variables', 'import', file)).toMatchObject({ created: ['limit', 'city', 'nested'] });
    expect((await cli('variables', 'get', 'city')).stdout).toBe('Oslo\n');
    expect(await json('variables', 'set', 'city', 'Bergen')).toMatchObject({ key: 'city', value: 'Bergen' });
    const exported = JSON.parse((await cli('variables', 'export')).stdout);
    expect([Object.keys(exported).sort(), exported.limit]).toEqual([['city', 'limit', 'nested'], '3']);
    for (const key of ['limit', 'city', 'nested']) expect((await cli('variables', 'delete', key)).code).toBe(0);
    expect(await cli('variables', 'get', 'city')).toMatchObject({ code: 3 });
  });

  test('of the whole database are one snapshot, without secrets', async () => {
    const folder = join(home, 'export');
    const { tables } = await json('db', 'export', folder, '--tables', 'dag,connection');
    expect(tables.map(({ table }: { table: string }) => table)).toEqual(['connection', 'dag']);
    const rows = gunzipSync(readFileSync(join(folder, 'dag.ndjson.gz')))
      .toString('utf8')
      .trimEnd()
      .split('\n');
    expect(rows.map((row) => JSON.parse(row).dag_id)).toEqual(expect.arrayContaining(['shop', 'nightly']));
    expect((await cli('db', 'export', join(home, 'none'), '--tables', 'dogs')).stderr).toContain('There is no table dogs');
  });
});

describe('more of the API', () => {
  test('has a command, or can be asked as it is', async () => {
    const before = await json('runs', 'show', 'shop', 'latest');
    expect((await cli('runs', 'note', 'shop', before.dag_run_id, 'seen')).stdout).toContain(': seen');
    expect((await cli('dags', 'source', 'shop')).stdout).toContain('dag(');
    expect(await json('xcoms', 'get', 'shop', before.dag_run_id, 'count')).toMatchObject({ key: 'return_value' });
    expect((await json('api', 'GET', '/dags', '-q', 'limit=1')).dags).toHaveLength(1);
    expect((await cli('runs', 'delete', 'shop', 'nothing')).code).toBe(2);
    const { spec } = await json('api', 'GET', '/headrace/v1/dags/shop/spec');
    expect(spec).toMatchObject({ formatVersion: 1, dagId: 'shop' });
    expect((await cli('runs', 'clear', 'shop', before.dag_run_id, '--dry-run')).stdout).toContain('Would be run anew:');
  });

  test('plans a change against what runs: nothing, when nothing has changed', async () => {
    const { code, stdout } = await cli('dags', 'check', dagsDir, '--against', environment.HEADRACE_URL ?? '', '--no-types', '-o', 'json');
    const { plan, findings } = JSON.parse(stdout);
    expect([code, findings[0].rule]).toEqual([1, 'import']);
    expect(plan).toMatchObject({ added: [], removed: [], changed: [], unchanged: 4 });
  }, 60_000);
});

async function ends(runId: string, status: string, dagId = 'shop'): Promise<void> {
  await until(`run ${runId} to end`, async () => {
    const run = await store.queries.run(dagId, runId);
    return run?.status === 'success' || run?.status === 'failed';
  });
  expect((await store.queries.run(dagId, runId))?.status).toBe(status);
}
