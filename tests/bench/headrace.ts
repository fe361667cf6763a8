/** What is asked of the running system: runs, and how long they took by the database's own clock. */
import { until } from '../support/poll.ts';
import type { BenchSystem } from './system.ts';

/** Waits until the DAG is registered. */
export async function registered({ store }: BenchSystem, dagId: string): Promise<void> {
  await until(`DAG ${dagId} to be registered`, async () => store.queries.dag(dagId));
}

/** Creates runs while their DAG is paused, lets it go, and answers with tasks per second until the last has ended. */
export async function throughput(system: BenchSystem, dagId: string, runs: number, tasksPerRun: number): Promise<number> {
  const { store, sql } = system;
  await store.commands.setPaused(dagId, true);
  const batch = `bench-${Date.now()}-`;
  let next = 0;
  const trigger = async (): Promise<void> => {
    for (let index = next++; index < runs; index = next++) {
      await store.commands.trigger({ dagId, runId: `${batch}${index}`, params: {}, runType: 'manual', triggeredBy: 'test' });
    }
  };
  await Promise.all(Array.from({ length: 4 }, trigger));
  const began = performance.now();
  await store.commands.setPaused(dagId, false);
  await until(
    `${runs} runs to end`,
    async () => {
      const { rows } = await sql.query<{ open: string }>(
        "select count(*) as open from dag_run where dag_id = $1 and state in ('queued', 'running')",
        [dagId],
      );
      return rows[0]?.open === '0' ? true : undefined;
    },
    300,
  );
  const seconds = (performance.now() - began) / 1_000;
  const { rows } = await sql.query<{ failed: string }>(
    "select count(*) as failed from dag_run where dag_id = $1 and run_id like $2 || '%' and state <> 'success'",
    [dagId, batch],
  );
  if (rows[0]?.failed !== '0') throw new Error(`${rows[0]?.failed} of ${runs} runs did not succeed`);
  return (runs * tasksPerRun) / seconds;
}

export interface FinishedRun {
  /** From the trigger's call to the start of the first task, in milliseconds. */
  readonly triggerToFirstTask: number;
  /** From the start of the first task to the end of the last. */
  readonly duration: number;
  /** Between the starts of tasks that follow each other. */
  readonly steps: readonly number[];
}

/** Triggers one run by the REST API and waits for its end. */
export async function run(system: BenchSystem, dagId: string, seconds = 120): Promise<FinishedRun> {
  const { api, sql } = system;
  const calledAt = Date.now();
  const response = await fetch(`${api.address}/api/v2/dags/${dagId}/dagRuns`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: JSON.stringify({ logical_date: null }),
  });
  const body = (await response.json()) as { dag_run_id?: string };
  if (!response.ok || body.dag_run_id === undefined) throw new Error(`the trigger failed: ${response.status} ${JSON.stringify(body)}`);
  const runId = body.dag_run_id;
  await until(
    `run ${runId} of ${dagId} to end`,
    async () => {
      const { rows } = await sql.query<{ state: string }>('select state from dag_run where dag_id = $1 and run_id = $2', [dagId, runId]);
      if (rows[0]?.state === 'failed') throw new Error(`run ${runId} of ${dagId} failed`);
      return rows[0]?.state === 'success' ? true : undefined;
    },
    seconds,
  );
  const { rows } = await sql.query<{ started: number; ended: number }>(
    `select extract(epoch from t.started_at)::float8 * 1000 as started, extract(epoch from t.ended_at)::float8 * 1000 as ended
     from task_instance t join dag_run r on r.id = t.dag_run_id
     where r.dag_id = $1 and r.run_id = $2 order by t.started_at`,
    [dagId, runId],
  );
  const starts = rows.map((row) => row.started);
  const first = starts[0] ?? Number.NaN;
  return {
    triggerToFirstTask: first - calledAt,
    duration: Math.max(...rows.map((row) => row.ended)) - first,
    steps: starts.slice(1).map((start, index) => start - (starts[index] ?? Number.NaN)),
  };
}
