/**
 * The real Prometheus asks a running Headrace: every process is up, what it measures is what the database says, and health and readiness
 * tell what is wrong when something is.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PostgresStore } from '@headrace/store-postgres';
import { metricList } from '@headrace/telemetry';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { type HeadraceProcess, startHeadrace } from '../support/headrace-process.ts';
import { until } from '../support/poll.ts';
import { type PrometheusServer, startPrometheus } from '../support/prometheus-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type TestDatabase, testDatabase } from '../support/test-database.ts';

const RUNS = 3;
const rules = fileURLToPath(new URL('../../docker/prometheus/rules', import.meta.url));

let database: TestDatabase;
let sql: pg.Pool;
let redis: RedisServer;
let home: string;
let store: PostgresStore;
let api: HeadraceProcess;
let scheduler: HeadraceProcess;
let worker: HeadraceProcess;
let prometheus: PrometheusServer;

beforeAll(async () => {
  database = await testDatabase();
  ({ store, sql } = database);
  redis = await startRedis();
  home = mkdtempSync(join(tmpdir(), 'headrace-monitoring-'));
  mkdirSync(join(home, 'landing'));
  writeFileSync(join(home, 'landing/rows.csv'), 'id,amount\n1,10\n2,\n3,30\n');
  const environment = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    HEADRACE_HOME: home,
    HEADRACE_DAGS: fileURLToPath(new URL('dags', import.meta.url)),
    HEADRACE_PORT: '0',
    HEADRACE_TOKEN: 'a-token-for-this-test',
    HEADRACE_LOG_LEVEL: 'warn',
    HEADRACE_WORKER_SLOTS: '2',
    HEADRACE_HOUSEKEEPING_SCHEDULE: '* * * * * *',
    HEADRACE_CONN_LANDING: pathToFileURL(join(home, 'landing')).href,
    HEADRACE_CONN_LAKE: pathToFileURL(join(home, 'lake')).href,
  };
  [api, scheduler, worker] = await Promise.all([
    startHeadrace('api', environment),
    startHeadrace('scheduler', environment),
    startHeadrace('worker', environment),
  ]);
  const job = (process: string, { address }: HeadraceProcess) => ({
    job_name: `headrace-${process}`,
    static_configs: [{ targets: [new URL(address).host] }],
  });
  prometheus = await startPrometheus(
    JSON.stringify({
      global: { scrape_interval: '500ms', evaluation_interval: '1s' },
      rule_files: [join(rules, 'alerts.yml'), join(rules, 'recording.yml')],
      scrape_configs: [job('api', api), job('scheduler', scheduler), job('worker', worker)],
    }),
  );
  await until('the DAGs to be registered', async () => store.queries.dag('steady'));
}, 120_000);

afterAll(async () => {
  await prometheus?.stop();
  await Promise.all([api, scheduler, worker].map((child) => child?.stop()));
  await database?.drop();
  await redis?.stop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}, 60_000);

/** Waits for Prometheus to have seen it. */
const becomes = (expr: string, value: number) =>
  until(`${expr} to be ${value}`, async () => ((await prometheus.value(expr)) === value ? true : undefined), 40);

async function trigger(dagId: string): Promise<void> {
  const response = await fetch(`${api.address}/api/v2/dags/${dagId}/dagRuns`, {
    method: 'POST',
    headers: { authorization: 'Bearer a-token-for-this-test', 'content-type': 'application/json' },
    body: '{"logical_date":null}',
  });
  if (!response.ok) throw new Error(await response.text());
}

async function probe(child: HeadraceProcess, path: string): Promise<readonly [number, { readonly [key: string]: unknown }]> {
  const response = await fetch(`${child.address}${path}`);
  return [response.status, (await response.json()) as { [key: string]: unknown }];
}

test('Prometheus sees every process, and what it sees is what the database says', async () => {
  for (let run = 0; run < RUNS; run++) await trigger('steady');
  await trigger('failing');
  await trigger('patient');
  await until('the runs to end', async () => {
    const { rows } = await sql.query(`select count(*)::integer as n from dag_run where state in ('success', 'failed')`);
    return rows[0].n === RUNS + 1 ? true : undefined;
  });
  await becomes('count(up{job=~"headrace-.*"} == 1)', 3);
  await becomes('sum(headrace_runs_finished_total{state="success"})', RUNS);
  await becomes('sum(headrace_runs_finished_total{dag_id="failing",state="failed"})', 1);
  await becomes('sum(headrace_runs_created_total{run_type="manual"})', RUNS + 2);
  await becomes('sum(headrace_runs_started_total)', RUNS + 2);
  await becomes('sum(headrace_attempts_finished_total{dag_id="steady",state="success"})', 2 * RUNS);
  await becomes('sum(headrace_task_duration_seconds_count{dag_id="steady"})', 2 * RUNS);
  await becomes('sum(headrace_task_queue_delay_seconds_count)', 2 * RUNS + 2);
  await becomes('sum(headrace_run_schedule_delay_seconds_count)', RUNS + 2);
  await becomes('sum(headrace_run_first_task_delay_seconds_count)', RUNS + 2);
  await becomes('sum(headrace_task_instances_created_total)', 2 * RUNS + 2);
  const { rows } = await sql.query(
    `select extract(epoch from sum(ended_at - started_at))::float8 as seconds from dag_run where state = 'success'`,
  );
  expect(await prometheus.value('sum(headrace_run_duration_seconds_sum{state="success"})')).toBeCloseTo(rows[0].seconds, 0);
}, 60_000);

test('what is rare is counted, too: retries, timeouts, deadlines, late assets, rows kept aside, failed checks, notices', async () => {
  await trigger('eventful');
  await becomes('sum(headrace_attempts_retried_total{dag_id="eventful"})', 1);
  await becomes('sum(headrace_attempts_timed_out_total{dag_id="eventful"})', 1);
  await becomes('sum(headrace_deadlines_missed_total{dag_id="eventful"})', 1);
  await becomes('sum(headrace_asset_events_total{dag_id="eventful"})', 1);
  await becomes('sum(headrace_data_rows_quarantined_total{dag_id="eventful"})', 1);
  await becomes('sum(headrace_data_rows_total{dag_id="eventful",kind="lake"})', 2);
  await becomes('max(headrace_asset_overdue{asset="measured"})', 1);
  for (const some of ['headrace_data_checks_failed_total{dag_id="eventful"}', 'headrace_notices_delivered_total'])
    await until(some, async () => ((await prometheus.value(`sum(${some})`)) ?? 0) > 0 || undefined);
}, 60_000);

test('what is alive now is there, too: waits, workers, pools, DAG files', async () => {
  await becomes('max(headrace_waits{kind="time"})', 1);
  await becomes('max(headrace_task_instances{state="deferred"})', 1);
  await becomes('max(headrace_workers)', 1);
  await becomes('max(headrace_schedulers)', 1);
  await becomes('max(headrace_queue_slots{queue="default"})', 2);
  await becomes('max(headrace_queue_up)', 1);
  expect(await prometheus.value('max(headrace_dags{state="active"})')).toBeGreaterThanOrEqual(0);
  await becomes('max(headrace_import_errors)', 1);
  await becomes('max(headrace_pool_slots{pool="default_pool"})', 128);
  const late = await prometheus.value('time() - max(headrace_housekeeping_timestamp_seconds)');
  expect(late).toBeLessThan(60);
  const groups = (await prometheus.ask('/api/v1/rules')) as { groups: { rules: { health: string; lastError?: string }[] }[] };
  const unhealthy = groups.groups.flatMap((group) => group.rules).filter(({ health }) => health === 'err');
  expect(unhealthy).toEqual([]);
}, 60_000);

/** What this system gives no occasion for, and who shows that it is counted instead. */
const NOT_HERE: Readonly<Record<string, string>> = {
  headrace_metrics_dropped_total: 'packages/telemetry/test/metrics.test.ts',
  headrace_queue_invalid_messages_total: 'packages/queue-bullmq/test',
  headrace_queue_reader_renewals_total: 'packages/queue-bullmq/test/failures.test.ts',
  headrace_notices_failed_total: 'no notice is told here',
  headrace_notices_dead_total: 'no notice is told here',
  headrace_store_errors_total: 'no statement fails here',
  headrace_duty_errors_total: 'no duty fails here',
  headrace_scheduler_errors_total: 'no step fails here',
  headrace_timetable_errors_total: 'packages/engine/test/schedule-planner.test.ts',
  headrace_decisions_stale_total: 'nobody decides against the scheduler here',
  headrace_dispatch_failures_total: 'the queue is there while tasks are sent here',
  headrace_redispatched_total: 'the queue loses nothing here',
  headrace_attempts_lost_total: 'packages/worker/test/worker.test.ts',
  headrace_attempts_fenced_total: 'packages/worker/test/worker.test.ts',
  headrace_lease_renewal_failures_total: 'packages/worker/test/worker.test.ts',
  headrace_waits_ended_total: 'the wait here goes on',
  headrace_dag_processor_restarts_total: 'the DAG process does not die here',
  headrace_task_log_truncated_total: 'no log is long here',
  headrace_housekeeping_removed_total: 'tests/stores/retention.test.ts',
  headrace_housekeeping_errors_total: 'housekeeping does not fail here',
  headrace_queue_tasks_queued: 'tasks are claimed between two looks here',
  headrace_queue_tasks_running: 'tasks end between two looks here',
  headrace_queue_oldest_seconds: 'tasks are claimed between two looks here',
};

test('every metric that is declared is really measured by some process', async () => {
  const found = await prometheus.series('sum by (__name__) ({__name__=~"headrace_.+"})');
  const sums = new Map(found.map(({ labels, value }) => [labels.__name__, value]));
  const silent = metricList.filter(({ name: metric, type }) => {
    const value = sums.get(type === 'histogram' ? `${metric}_count` : metric);
    // A gauge may be 0; of what is counted, something must have been.
    return (value === undefined || (type !== 'gauge' && value === 0)) && NOT_HERE[metric] === undefined;
  });
  expect(silent.map(({ name: metric }) => metric)).toEqual([]);
  expect(Object.keys(NOT_HERE).filter((metric) => !metricList.some((one) => one.name === metric))).toEqual([]);
});

test('a process lives without Redis but takes no work, and is ready again when it is back', async () => {
  for (const child of [scheduler, worker]) {
    expect((await probe(child, '/health'))[0]).toBe(200);
    expect(await probe(child, '/ready')).toMatchObject([200, { details: { checks: { database: 'ok', queue: 'ok' } } }]);
  }
  expect(await probe(api, '/health')).toEqual([200, { live: true }]);
  expect(await probe(api, '/ready')).toEqual([200, { ready: true, checks: { database: 'ok' } }]);
  await redis.kill9();
  for (const child of [scheduler, worker]) {
    await until('the process to be unready', async () => ((await probe(child, '/ready'))[0] === 503 ? true : undefined), 30);
    const [status, { ready, details }] = await probe(child, '/ready');
    expect([status, ready]).toEqual([503, false]);
    expect((details as { checks: { database: string; queue: string } }).checks).toMatchObject({ database: 'ok' });
    expect((details as { checks: { queue: string } }).checks.queue).not.toBe('ok');
    expect((await probe(child, '/health'))[0]).toBe(200);
  }
  expect((await probe(api, '/ready'))[0]).toBe(200);
  await redis.restart();
  for (const child of [scheduler, worker])
    await until('the process to be ready', async () => ((await probe(child, '/ready'))[0] === 200 ? true : undefined), 30);
}, 90_000);

test('a worker that drains is not ready, and lives', async () => {
  await trigger('draining');
  await until('the task to run', async () => {
    const { rows } = await sql.query(`select 1 from task_instance where dag_id = 'draining' and state = 'running'`);
    return rows.length > 0 ? true : undefined;
  });
  const stopping = worker.stop();
  await until('the worker to be unready', async () => {
    const [status, { details }] = await probe(worker, '/ready');
    return status === 503 && (details as { draining: boolean }).draining ? true : undefined;
  });
  expect((await probe(worker, '/health'))[0]).toBe(200);
  await stopping;
}, 60_000);
