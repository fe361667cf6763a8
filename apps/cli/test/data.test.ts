/** Connections, loads, checks and progress through the command line, against one Headrace over a PostgreSQL of its own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type EmptyDatabase, emptyDatabase } from '../../../tests/support/empty-database.ts';
import { type HeadraceProcess, startHeadrace } from '../../../tests/support/headrace-process.ts';
import { until } from '../../../tests/support/poll.ts';
import { runHere } from './support/run-program.ts';

const SECRET = 'correct/horse battery';

let database: EmptyDatabase;
let folder: string;
let environment: Record<string, string>;
let headrace: HeadraceProcess | undefined;

beforeAll(async () => {
  database = await emptyDatabase();
  folder = mkdtempSync(join(tmpdir(), 'headrace-cli-data-'));
  environment = {
    DATABASE_URL: database.url,
    HEADRACE_HOME: join(folder, 'home'),
    HEADRACE_DAGS: fileURLToPath(new URL('data-dags', import.meta.url)),
    HEADRACE_WORKER_SLOTS: '2',
    HEADRACE_PORT: '0',
    HEADRACE_TOKEN: 'the-token',
    HEADRACE_LOG_LEVEL: 'warn',
  };
  headrace = await startHeadrace('standalone', environment);
  environment.HEADRACE_URL = headrace.address;
  for (const each of ['drop', 'lake']) mkdirSync(join(folder, each));
}, 60_000);

afterAll(async () => {
  await headrace?.stop();
  await database?.drop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}, 60_000);

const cli = (args: readonly string[], input?: string) => runHere(args, environment, input);

async function json(...args: string[]) {
  const { code, stdout, stderr } = await cli([...args, '--output', 'json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('connections on the command line', () => {
  test('are added from a URL or from fields, shown without secrets, changed, tested and deleted', async () => {
    const postgres = new URL(database.url);
    const added = await cli(
      ['connections', 'add', 'pos', `postgres://${postgres.username}@${postgres.host}/postgres`, '--password-stdin'],
      `${SECRET}\n`,
    );
    expect([added.code, added.stderr]).toEqual([0, '']);
    expect(added.stdout).toMatch(/password +\*\*\*/);
    expect((await cli(['connections', 'test', 'pos'])).stdout).toMatch(/^ok \(\d+ ms\): PostgreSQL \S+.* answers: database "postgres"/);
    expect(await json('connections', 'edit', 'pos', '--schema', 'no_such_database', '--set', 'application_name=x')).toMatchObject({
      schema: 'no_such_database',
      password: '***',
      extra: '{"application_name":"x"}',
    });
    const missing = await cli(['connections', 'test', 'pos']);
    expect(missing).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('has no database "no_such_database"') });
    await json('connections', 'edit', 'pos', '--port', '1');
    expect((await cli(['connections', 'test', 'pos'])).stderr).toMatch(/Cannot reach PostgreSQL at .*:1 .*Check the host, the port/);
    const bucket = ['--type', 's3', '--host', 'b', '--login', 'AK', '--set', 'region=eu-central-1'];
    expect((await cli(['connections', 'add', 'bucket', ...bucket, '--password-stdin'], SECRET)).stdout).toMatch(
      /login +AK\npassword +\*\*\*\nsettings +.*eu-central-1/,
    );
    const list = await cli(['connections', 'list']);
    expect(list.stdout).toMatch(/pos +postgres/);
    expect(`${list.stdout}${(await cli(['connections', 'show', 'pos'])).stdout}`).not.toMatch(/horse/);
    expect((await cli(['connections', 'rotate'])).stdout).toMatch(/^0 encrypted anew, \d left as they were/);
    expect(await json('connections', 'delete', 'pos')).toEqual({ deleted: 'pos' });
    expect(await cli(['connections', 'show', 'pos'])).toMatchObject({ code: 3, stderr: expect.stringContaining('no connection "pos"') });
    expect((await json('connections', 'types')).connection_types).toHaveLength(9);
  });

  test.each([
    [['connections', 'add', 'x', 'postgres://a:secret@h/d'], /would stay in the history of your shell/],
    [['connections', 'add', 'x', 'https://h?bearerToken=secret'], /would stay in the history of your shell/],
    [['connections', 'add', 'x'], /Give the URL of the connection, or --type/],
    [['connections', 'add', 'x', 'file:///a', '--host', 'h'], /With a URL --host is not understood/],
    [['connections', 'add', 'x', '--type', 'mysql', '--host', 'h', '--port', 'many'], /--port must be a number/],
  ])('%j is refused', async (args, message) => {
    expect(await cli(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  });

  test('are encrypted under a key that only the owner of the folder can read', async () => {
    const file = join(environment.HEADRACE_HOME as string, 'secret-key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8').trim()).toHaveLength(44);
  });
});

describe('data tasks on the command line', () => {
  test('use stored connections, and show what they loaded, checked and refused', async () => {
    writeFileSync(join(folder, 'drop', 'rows.csv'), 'id,name\n1,a\n2,\n3,c\n');
    await json('connections', 'add', 'drop', pathToFileURL(join(folder, 'drop')).href);
    await json('connections', 'add', 'store', '--type', 'file', '--schema', join(folder, 'lake'));
    const api = await cli(['connections', 'add', 'secret_api', '--url-stdin'], `https://me:${encodeURIComponent(SECRET)}@api.example.com`);
    expect(api.code).toBe(0);
    await until('the DAG file', async () => (await cli(['dags', 'show', 'counted'])).code === 0);
    const { dag_run_id: run } = await json('dags', 'trigger', 'counted');
    const watched = await cli(['runs', 'watch', 'counted', run]);
    expect(watched.code).toBe(1);
    expect(watched.stdout).toMatch(/keep +success/);
    expect(watched.stdout).toMatch(/refuse +failed/);
    const { loads } = await json('loads', 'list', '--dag', 'counted');
    const [kept, read] = ['keep', 'read'].map((id) => loads.find((one: { task_id: string }) => one.task_id === id));
    expect(kept).toMatchObject({
      kind: 'lake',
      connection_id: 'store',
      table: 'raw/rows',
      dag_run_id: run,
      rows_in: 3,
      rows_out: 3,
      rows_quarantined: 0,
      checks: 2,
      version: 1,
      columns: [{ name: 'id' }, { name: 'name' }],
    });
    expect(read).toMatchObject({ kind: 'package', rows_out: 3 });
    // It failed by a check of its rows, which are published all the same.
    expect(loads.find((one: { task_id: string }) => one.task_id === 'late')).toMatchObject({
      table: 'raw/late',
      rows_out: 3,
      checks_failed: 1,
    });
    expect((await json('loads', 'latest', 'store', 'raw/rows')).loads).toMatchObject([{ load_id: kept.load_id }]);
    expect((await cli(['loads', 'list', '--table', 'raw/rows'])).stdout).toMatch(/counted\.keep +store:raw\/rows/);
    const { checks } = await json('checks', 'list', '--run', run, '--failed');
    const refused = checks.find((one: { task_id: string }) => one.task_id === 'refuse');
    expect(refused).toMatchObject({ name: 'row_count', severity: 'block', ok: false, count: 3, table: 'raw/refused', load_id: null });
    expect((await cli(['checks', 'list', '--failed'])).stdout).toMatch(/counted\.refuse .*row_count +block +3/);
    expect((await json('tasks', 'progress', 'counted', run)).progress).toEqual([]);
    const log = await cli(['tasks', 'logs', 'counted', run, 'spill']);
    expect(log.stdout).toMatch(/the address is https:\/\/me:\*\*\*@api\.example\.com/);
  }, 60_000);
});
