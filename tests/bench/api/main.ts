/**
 * `npm run bench:api`: the REST API beside a bare Fastify route that does one indexed read of the same database, in turns, in one run.
 *
 *     npm run bench:api                          3,000,000 task instances of history
 *     npm run bench:api -- --history 30000       fewer
 *     npm run bench:api -- --only trigger        one part: reads, trigger
 *     npm run bench:api -- --repeat 5 --seconds 5 --json FILE
 */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { until } from '../../support/poll.ts';
import { registered, run } from '../headrace.ts';
import { addHistory } from '../history.ts';
import { bounded, compared, median, printRows, type Row } from '../row.ts';
import { type BenchSystem, startBenchSystem } from '../system.ts';

const { values } = parseArgs({
  options: {
    history: { type: 'string', default: '3000000' },
    only: { type: 'string' },
    repeat: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});
const CONNECTIONS = 20;
/** So many runs are asked for in turn, by us and by the bare route. */
const ASKED_RUNS = 500;
const TRIGGERS_PER_SECOND = 300;
const TRIGGER_SECONDS = 20;
const headers = { authorization: 'Bearer bench' };
const rows: Row[] = [];

const system = await startBenchSystem({ dags: 'bench', slots: 2 });
try {
  await registered(system, 'bench_wide_10000');
  await system.sql.query('update pool set slots = 10000');
  await run(system, 'bench_chain_200');
  await addHistory(system.sql, Number(values.history));
  if (values.only !== 'trigger') await reads(system);
  if (values.only !== 'reads') await triggers(system);
} finally {
  await system.stop();
  printRows(rows);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}
process.exitCode = rows.some((row) => row.ok === false) ? 1 : 0;

/** Requests a second of each address, and of the bare route right before it. */
async function reads({ api, sql, databaseUrl }: BenchSystem): Promise<void> {
  const bare = await startBare(databaseUrl);
  try {
    const runs = await spread(sql);
    const ofRuns = runs.map(({ run_id }) => `/api/v2/dags/bench_chain_10/dagRuns/${run_id}`);
    const addresses: readonly [string, readonly string[]][] = [
      ['get a DAG', ['/api/v2/dags/bench_chain_10', '/api/v2/dags/bench_single', '/api/v2/dags/bench_light_40']],
      ['get a run', ofRuns],
      ['get a task instance', ofRuns.map((run) => `${run}/taskInstances/step_004`)],
      ['list DAGs', ['/api/v2/dags']],
      ['list the 10 task instances of a run', ofRuns.map((run) => `${run}/taskInstances`)],
      ['list 10 runs of a DAG, newest first', ['/api/v2/dags/bench_chain_10/dagRuns?limit=10&order_by=-start_date']],
      ['list 10 runs of all DAGs', ['/api/v2/dags/~/dagRuns?limit=10&order_by=-id']],
      ['list 10 failed runs of all DAGs', ['/api/v2/dags/~/dagRuns?limit=10&state=failed&order_by=-id']],
      ['list 10 failed task instances of all runs', ['/api/v2/dags/~/dagRuns/~/taskInstances?limit=10&state=failed&order_by=-id']],
      ['list running task instances of all runs (none)', ['/api/v2/dags/~/dagRuns/~/taskInstances?limit=10&state=running']],
    ];
    for (const [name, paths] of addresses) {
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let repeat = 0; repeat < Number(values.repeat); repeat++) {
        theirs.push(
          await requestsPerSecond(
            bare.address,
            runs.map(({ id }) => `/runs/${id}`),
          ),
        );
        ours.push(await requestsPerSecond(api.address, paths));
      }
      rows.push(compared(name, median(ours), 'req/s', median(theirs), { atLeast: 0.5 }));
    }
  } finally {
    bare.process.kill();
  }
}

/** Triggers at a steady rate and looks whether the scheduler keeps up: how many runs are open when the last was triggered, and when all are done. */
async function triggers({ api, sql }: BenchSystem): Promise<void> {
  const url = `${api.address}/api/v2/dags/bench_single/dagRuns`;
  const began = performance.now();
  const result = await autocannon({
    url,
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ logical_date: null }),
    connections: CONNECTIONS,
    overallRate: TRIGGERS_PER_SECOND,
    duration: TRIGGER_SECONDS,
  });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} triggers were refused, ${result.errors} failed`);
  const openRuns = async (): Promise<number> => {
    const { rows: open } = await sql.query<{ n: number }>(
      "select count(*)::int as n from dag_run where dag_id = 'bench_single' and state in ('queued', 'running')",
    );
    return open[0]?.n ?? 0;
  };
  const open = await openRuns();
  rows.push(bounded('runs triggered', result['2xx'] / TRIGGER_SECONDS, 'runs/s', { atLeast: TRIGGERS_PER_SECOND * 0.98 }));
  // Kept up: what is open at the end is no more than a second's worth, however long it went on.
  rows.push(bounded('of them open at the end', open, 'runs', { atMost: TRIGGERS_PER_SECOND }));
  await until('the runs to end', async () => ((await openRuns()) === 0 ? true : undefined), 120);
  rows.push({ name: 'triggered and done', value: result['2xx'] / ((performance.now() - began) / 1_000), unit: 'runs/s' });
  rows.push({ name: 'time of a trigger, p99', value: result.latency.p99, unit: 'ms' });
}

/** Runs of all years of the history. */
async function spread(sql: BenchSystem['sql']): Promise<readonly { readonly id: string; readonly run_id: string }[]> {
  const { rows: found } = await sql.query<{ id: string; run_id: string }>(
    `select id, run_id from dag_run join (select min(id) as first, (max(id) - min(id)) / $1 as stride from dag_run where run_id like 'history-%') s
     on dag_run.id = any(array(select first + n * stride from generate_series(0, $1 - 1) n)) where run_id like 'history-%'`,
    [ASKED_RUNS],
  );
  if (found.length === 0) throw new Error('there is no history');
  return found;
}

/** The paths are asked for one after the other by each connection. */
async function requestsPerSecond(address: string, paths: readonly string[]): Promise<number> {
  const requests = paths.map((path) => ({ path }));
  const result = await autocannon({ url: address, headers, requests, connections: CONNECTIONS, duration: Number(values.seconds) });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${address}${paths[0]}: ${result.non2xx} answers were no success, ${result.errors} failed`);
  await delay(200);
  return result.requests.average;
}

async function startBare(databaseUrl: string): Promise<{ readonly process: ChildProcess; readonly address: string }> {
  const child = fork(fileURLToPath(new URL('bare.ts', import.meta.url)), [databaseUrl]);
  const address = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('exit', (code) => reject(new Error(`the bare server ended early (${code})`)));
  });
  return { process: child, address };
}
