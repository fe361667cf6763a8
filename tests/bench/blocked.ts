/**
 * What a full house costs: a system with tasks that limits hold back, idle DAGs and years of history, beside an empty one.
 *
 * Both run at the same time on one PostgreSQL, each with processes of its own, and are measured in turns, so that whatever else
 * the machine does, it does to both. The work measured is the same: chains of tasks, and single tasks, one run after the other.
 */
import { until } from '../support/poll.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { BLOCKED_DAGS, GOT_THROUGH, SLOTS_HELD, writeBlockedDags } from './blocked-dags.ts';
import { type FinishedRun, registered, run } from './headrace.ts';
import { addHistory } from './history.ts';
import { processorSeconds } from './process-usage.ts';
import { bounded, compared, median, type Row } from './row.ts';
import { type BenchSystem, SETTINGS, startBenchSystem, writeIdleDags } from './system.ts';

/** Nothing may get worse by more. */
const AT_MOST = 1.1;
const SINGLES = 10;

interface Load {
  readonly blocked: number;
  readonly idleDags: number;
  readonly history: number;
  readonly rounds: number;
}

const FULL: Load = { blocked: 10_000, idleDags: 1_000, history: 3_000_000, rounds: 15 };
const QUICK: Load = { blocked: 2_000, idleDags: 100, history: 300_000, rounds: 4 };

export async function blocked({ slots, quick }: { readonly slots: number; readonly quick: boolean }): Promise<readonly Row[]> {
  const load = quick ? QUICK : FULL;
  const stops: (() => Promise<void>)[] = [];
  try {
    const postgres = await startPostgres({ settings: SETTINGS });
    stops.push(() => postgres.stop());
    const empty = await startBenchSystem({ dags: 'copy', slots, postgres });
    stops.push(() => empty.stop());
    const full = await startBenchSystem({ dags: 'copy', slots: slots + SLOTS_HELD, postgres });
    stops.push(() => full.stop());
    for (const system of [empty, full]) await registered(system, 'bench_single');
    const release = await fill(full, load);
    stops.push(release);
    return await compare(empty, full, load);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** The answer lets go of the workers' slots that are held. */
async function fill(system: BenchSystem, { blocked: count, idleDags, history }: Load): Promise<() => Promise<void>> {
  const { store, sql } = system;
  console.error(`filling: ${history} finished task instances, ${idleDags} idle DAGs, ${count} blocked tasks`);
  await registered(system, 'bench_chain_10');
  await addHistory(sql, history);
  await writeIdleDags(`${system.dagsDir}/idle`, idleDags);
  await until(
    `${idleDags} idle DAGs to be registered`,
    async () => ((await store.queries.dags({ dagIdPattern: 'idle_' }, { limit: 1, offset: 0 })).total >= idleDags ? true : undefined),
    300,
  );
  await store.pools.create({ name: 'closed', slots: 0, includeDeferred: false });
  await writeBlockedDags(system.dagsDir, count / BLOCKED_DAGS.length);
  for (const dagId of BLOCKED_DAGS) {
    await registered(system, dagId);
    await store.commands.trigger({ dagId, runId: 'blocked', params: {}, runType: 'manual', triggeredBy: 'test' });
  }
  await until(
    `${count - GOT_THROUGH} tasks to wait`,
    async () => {
      const { rows } = await sql.query<{ waiting: number }>("select count(*)::int as waiting from task_instance where state = 'scheduled'");
      return rows[0]?.waiting === count - GOT_THROUGH ? true : undefined;
    },
    120,
  );
  return async () => {
    for (const dagId of BLOCKED_DAGS) await cancel(system, dagId);
    await until(
      'the workers to be free',
      async () => {
        const { rows } = await sql.query("select 1 from task_instance where state in ('queued', 'running', 'restarting') limit 1");
        return rows.length === 0 ? true : undefined;
      },
      60,
    );
  };
}

async function cancel({ api }: BenchSystem, dagId: string): Promise<void> {
  const response = await fetch(`${api.address}/api/v2/dags/${dagId}/dagRuns/blocked`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: JSON.stringify({ state: 'failed' }),
  });
  if (!response.ok) throw new Error(`${dagId} was not cancelled: ${response.status} ${await response.text()}`);
}

interface Measured {
  readonly steps: number[];
  readonly firstTasks: number[];
  /** Of the scheduler, in seconds, by round. */
  readonly processor: number[];
}

async function compare(empty: BenchSystem, full: BenchSystem, { blocked: count, rounds }: Load): Promise<readonly Row[]> {
  const of = new Map<BenchSystem, Measured>([empty, full].map((system) => [system, { steps: [], firstTasks: [], processor: [] }]));
  // The first round starts processes and fills caches, and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const system of round % 2 === 0 ? [empty, full] : [full, empty]) {
      const { chain, singles, processor } = await measure(system);
      const measured = of.get(system);
      if (round === 0 || measured === undefined) continue;
      measured.steps.push(...chain.steps);
      measured.firstTasks.push(...singles.map((single) => single.triggerToFirstTask));
      measured.processor.push(processor);
    }
    console.error(`measured round ${round} of ${rounds}`);
  }
  const [without, beside] = [of.get(empty), of.get(full)];
  if (without === undefined || beside === undefined) throw new Error('nothing was measured');
  const waiting = await full.sql.query<{ n: number }>("select count(*)::int as n from task_instance where state = 'scheduled'");
  return [
    bounded('tasks that were held back all the time', waiting.rows[0]?.n ?? 0, 'tasks', { atLeast: count - GOT_THROUGH }),
    compared('a step of a chain beside them, p50', median(beside.steps), 'ms', median(without.steps), { atMost: AT_MOST }),
    compared('trigger to first task beside them, p50', median(beside.firstTasks), 'ms', median(without.firstTasks), { atMost: AT_MOST }),
    compared("the scheduler's processor time beside them, p50", median(beside.processor) * 1_000, 'ms', median(without.processor) * 1_000, {
      atMost: AT_MOST,
    }),
  ];
}

interface Round {
  readonly chain: FinishedRun;
  readonly singles: readonly FinishedRun[];
  readonly processor: number;
}

async function measure(system: BenchSystem): Promise<Round> {
  const before = processorSeconds(system.scheduler.pid);
  const chain = await run(system, 'bench_chain_200');
  const singles: FinishedRun[] = [];
  for (let index = 0; index < SINGLES; index++) singles.push(await run(system, 'bench_single'));
  return { chain, singles, processor: processorSeconds(system.scheduler.pid) - before };
}
