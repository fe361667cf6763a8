/**
 * What a newcomer does: one command, and the shop's sales are in the report. Then a task is broken, fails, is mended and retried.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, type HeadraceClient } from '@headrace/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { type HeadraceProcess, headrace, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';

interface ExpectedDay {
  readonly date: string;
  readonly rows: number;
  readonly baskets: number;
  readonly revenue: string;
  readonly revenue_by_department: Readonly<Record<string, string>>;
  readonly top_products: readonly { readonly product_id: number; readonly quantity: number; readonly revenue: string }[];
  readonly promotion: { readonly rows: number; readonly revenue: string };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const expected = (JSON.parse(readFileSync(join(root, 'dags/data/expected.json'), 'utf8')) as { days: readonly ExpectedDay[] }).days;
const DAG = 'store_sales_daily';

let home: string;
let environment: Record<string, string>;
let standalone: HeadraceProcess;
/** Asks what is waited for: a command a look would keep a processor busy. */
let client: HeadraceClient;

beforeAll(async () => {
  // Inside of the repository, so that `@headrace/sdk` is found; a copy, so that a test may break a DAG.
  mkdirSync(join(root, '.headrace'), { recursive: true });
  home = mkdtempSync(join(root, '.headrace', 'e2e-'));
  chmodSync(home, 0o755);
  cpSync(join(root, 'dags'), join(home, 'dags'), { recursive: true });
  environment = {
    HEADRACE_HOME: join(home, 'state'),
    HEADRACE_DAGS: join(home, 'dags'),
    HEADRACE_PORT: '0',
    HEADRACE_METRICS_PORT: '0',
    // What a killed worker had in hand is lost when its lease ends: the last test waits for that.
    HEADRACE_LEASE_SECONDS: '8',
  };
  await start();
}, 120_000);

afterAll(async () => {
  await standalone?.stop();
  const database = join(home, 'state', 'postgres');
  if (existsSync(database)) rmSync(realpathSync(database), { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
}, 60_000);

describe('the example pipeline, started with one command', () => {
  test('runs every day of the sample to success without another step', async () => {
    await until('the DAG to be there', async () => client.dag(DAG).catch(() => undefined));
    const runs = await until(
      'seven green runs',
      async () => {
        const { dag_runs: found } = await client.runs(DAG);
        expect(found.filter((run) => run.state === 'failed')).toEqual([]);
        return found.filter((run) => run.state === 'success').length === expected.length ? found : undefined;
      },
      180,
    );
    expect(runs).toHaveLength(expected.length);
  }, 200_000);

  test('reports what was computed independently from the raw files', async () => {
    const reporting = await reportingDatabase();
    try {
      const revenue = await reporting.query('select day::text, lines::int, baskets::int, revenue::text from revenue order by day');
      expect(revenue.rows).toEqual(expected.map((day) => ({ day: day.date, lines: day.rows, baskets: day.baskets, revenue: day.revenue })));
      for (const day of expected) {
        const departments = await reporting.query('select department, revenue::text from sales_by_department where day = $1', [day.date]);
        expect(Object.fromEntries(departments.rows.map((row) => [row.department, row.revenue]))).toEqual(day.revenue_by_department);
        const best = await reporting.query(
          'select product_id::int, quantity::int, revenue::text from best_sellers where day = $1 order by place',
          [day.date],
        );
        expect(best.rows).toEqual(day.top_products);
        const promoted = await reporting.query(
          'select lines::int as rows, revenue::text from promotion_share where day = $1 and promoted',
          [day.date],
        );
        expect(promoted.rows).toEqual([day.promotion]);
      }
    } finally {
      await reporting.end();
    }
    expect(existsSync(join(environment.HEADRACE_HOME ?? '', 'reports', `sales-by-department-${expected[0]?.date}.csv`))).toBe(true);
  }, 60_000);

  test('a broken task fails, says where; mended and retried, the run is green and the report unchanged', async () => {
    const file = join(home, 'dags', 'fragile.ts');
    const source = (mended: boolean): string => `import { dag, task } from '@headrace/sdk';
export default dag('fragile', {}, () => {
  const numbers = task('numbers', {}, () => [1, 2, 3]);
  task('sum', { in: { numbers } }, ({ numbers }) => {
    ${mended ? 'return numbers.reduce((a, b) => a + b, 0);' : "throw new Error('the till is on fire');"}
  });
});
`;
    writeFileSync(file, source(false));
    await until('the DAG to be there', async () => client.dag('fragile').catch(() => undefined));
    const { dag_run_id: runId } = await cli<{ dag_run_id: string }>(['dags', 'trigger', 'fragile']);
    await until('the run to fail', async () => (await stateOf('fragile', runId)) === 'failed');
    const log = await headrace(['tasks', 'logs', 'fragile', runId, 'sum'], environment);
    expect(log).toContain('the till is on fire');
    expect(log).toMatch(/fragile\.ts:5/);
    writeFileSync(file, source(true));
    await until('the mended version', async () => (await client.versions('fragile')).total_entries === 2);
    // A run is pinned to the code it began with, unless it is told otherwise.
    await headrace(['tasks', 'retry', 'fragile', runId], environment);
    await until(
      'the run to fail again',
      async () => (await triesOf('fragile', runId, 'sum')) === 2 && (await stateOf('fragile', runId)) === 'failed',
    );
    await headrace(['tasks', 'retry', 'fragile', runId, '--latest'], environment);
    await until('the run to succeed', async () => (await stateOf('fragile', runId)) === 'success');
  }, 120_000);

  test('a task that is retried after its cause was removed makes the run green', async () => {
    writeFileSync(
      join(home, 'dags', 'waiting.ts'),
      `import { existsSync } from 'node:fs';
import { dag, task } from '@headrace/sdk';
export default dag('waiting', {}, () => {
  const found = task('found', {}, () => {
    if (!existsSync(${JSON.stringify(join(home, 'delivery'))})) throw new Error('no delivery yet');
  });
  task('after', { after: [found] }, () => 'done');
});
`,
    );
    await until('the DAG to be there', async () => client.dag('waiting').catch(() => undefined));
    const { dag_run_id: runId } = await cli<{ dag_run_id: string }>(['dags', 'trigger', 'waiting']);
    await until('the run to fail', async () => (await stateOf('waiting', runId)) === 'failed');
    writeFileSync(join(home, 'delivery'), '');
    await headrace(['tasks', 'retry', 'waiting', runId, 'found'], environment);
    await until('the run to succeed', async () => (await stateOf('waiting', runId)) === 'success');
  }, 120_000);

  test('clearing a finished day and running it again changes nothing in the report', async () => {
    const before = await reportRows();
    const { dag_runs: runs } = await cli<{ dag_runs: { dag_run_id: string }[] }>(['runs', 'list', DAG]);
    const runId = runs[0]?.dag_run_id ?? '';
    await headrace(['tasks', 'clear', DAG, runId], environment);
    await until('the run to be green again', async () => (await stateOf(DAG, runId)) === 'success', 120);
    expect(await reportRows()).toEqual(before);
  }, 180_000);

  test('killed in the middle and started again, it goes on where it was', async () => {
    const { dag_runs: runs } = await cli<{ dag_runs: { dag_run_id: string }[] }>(['runs', 'list', DAG]);
    const before = await reportRows();
    for (const run of runs) await client.clearRun(DAG, run.dag_run_id, { dry_run: false });
    await until('some of it to be done and some in hand', async () => {
      const of = async (state: string): Promise<number> => (await client.taskInstances(DAG, '~', { state })).total_entries;
      return (await of('success')) > 5 && (await of('running')) > 0;
    });
    await standalone.kill9();
    await start();
    await until('all runs to be green again', async () => (await client.runs(DAG)).dag_runs.every((run) => run.state === 'success'), 240);
    expect(await reportRows()).toEqual(before);
  }, 300_000);
});

async function start(): Promise<void> {
  standalone = await startHeadrace('standalone', environment);
  environment = { ...environment, HEADRACE_URL: standalone.address };
  client = createClient({ url: standalone.address, token: readFileSync(join(home, 'state', 'admin-token'), 'utf8').trim() });
}

async function cli<T>(args: readonly string[]): Promise<T> {
  return JSON.parse(await headrace([...args, '--output', 'json'], environment)) as T;
}

async function stateOf(dagId: string, runId: string): Promise<string> {
  return (await client.run(dagId, runId)).state;
}

async function triesOf(dagId: string, runId: string, taskId: string): Promise<number> {
  const { task_instances: tasks } = await client.taskInstances(dagId, runId);
  return tasks.find((task) => task.task_id === taskId)?.try_number ?? 0;
}

async function reportRows(): Promise<unknown> {
  const reporting = await reportingDatabase();
  try {
    const tables = ['revenue', 'sales_by_department', 'best_sellers', 'promotion_share'];
    const rows: unknown[] = [];
    // With the transaction that wrote each row: a row that is written again, even unchanged, shows.
    for (const table of tables) rows.push((await reporting.query(`select t.xmin::text, t.* from ${table} t order by t::text`)).rows);
    return rows;
  } finally {
    await reporting.end();
  }
}

async function reportingDatabase(): Promise<pg.Client> {
  const folder = join(environment.HEADRACE_HOME ?? '', 'postgres');
  const password = readFileSync(join(folder, 'password'), 'utf8').trim();
  const port = readFileSync(join(folder, 'port'), 'utf8').trim();
  const client = new pg.Client({ connectionString: `postgres://headrace:${password}@127.0.0.1:${port}/reporting` });
  await client.connect();
  return client;
}
