/**
 * `npm run bench`: Headrace against raw BullMQ, in one run on one machine; what counts are the ratios.
 *
 *     npm run bench                        everything
 *     npm run bench -- --json FILE         writes the rows too
 *     npm run bench -- --only chain        rows of one part: throughput, chain, light, trigger, history, wide, idle, blocked, simulate
 *     npm run bench -- --quick             a tenth of the load and of the repetitions where a part has such a mode: blocked
 *     npm run bench -- --repeat 3          measures so many times and takes the median (default 5)
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cron, dag, task } from '@headrace/sdk';
import { simulate } from '@headrace/testing';
import { blocked } from './blocked.ts';
import { registered, run, throughput } from './headrace.ts';
import { addHistory } from './history.ts';
import { peakMegabytes, processorSeconds, residentMegabytes } from './process-usage.ts';
import { rawChain, rawThroughput } from './raw/measure.ts';
import { bounded, compared, median, printRows, quantile, type Row } from './row.ts';
import { type BenchSystem, startBenchSystem } from './system.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    repeat: { type: 'string', default: '5' },
    slots: { type: 'string', default: '4' },
    quick: { type: 'boolean', default: false },
  },
});
const repeats = Number(values.repeat);
const slots = Number(values.slots);
const rows: Row[] = [];

const RUNS = 2_000;
const TASKS = 10;
const STEPS = 200;
const HISTORY = 1_000_000;
const IDLE_SECONDS = 30;

try {
  if (['throughput', 'chain', 'light', 'trigger', 'history', 'wide'].some(wanted)) await busy();
  if (wanted('idle')) await idle();
  if (wanted('simulate')) await simulated();
  if (wanted('blocked')) rows.push(...(await blocked({ slots, quick: values.quick })));
} finally {
  printRows(rows);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}
process.exitCode = rows.some((row) => row.ok === false) ? 1 : 0;

function wanted(part: string): boolean {
  return values.only === undefined || values.only === part;
}

async function busy(): Promise<void> {
  const system = await startBenchSystem({ dags: 'bench', slots });
  try {
    await registered(system, 'bench_wide_10000');
    // A pool is a limit that the user sets; these tasks have none.
    await system.sql.query('update pool set slots = 10000');
    // The first tasks start the processes, fill the caches and are not counted.
    await run(system, 'bench_chain_200');
    if (wanted('trigger')) await trigger(system);
    if (wanted('light')) await light(system);
    if (wanted('chain')) await chain(system);
    if (wanted('throughput') || wanted('history')) await throughputWithAndWithoutHistory(system);
    if (wanted('wide')) await wide(system);
  } finally {
    await system.stop();
  }
}

async function trigger(system: BenchSystem): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < 50; index++) {
    times.push((await run(system, 'bench_single')).triggerToFirstTask);
    await delay(50);
  }
  rows.push(bounded('trigger to first task running, p50', median(times), 'ms', { atMost: 10 }));
  rows.push({ name: 'trigger to first task running, p99', value: quantile(times, 0.99), unit: 'ms' });
}

async function light(system: BenchSystem): Promise<void> {
  const seconds: number[] = [];
  for (let index = 0; index < repeats; index++) seconds.push((await run(system, 'bench_light_40')).duration / 1_000);
  rows.push(bounded('40 light tasks in a chain', median(seconds), 's', { atMost: 1 }));
}

async function chain(system: BenchSystem): Promise<void> {
  const ours: number[] = [];
  const raw: number[] = [];
  const steps: number[] = [];
  for (let index = 0; index < repeats; index++) {
    raw.push(mean(await rawChain(system.redisUrl, STEPS)));
    const measured = await run(system, 'bench_chain_200');
    ours.push(measured.duration / STEPS);
    steps.push(...measured.steps);
  }
  rows.push(compared('a step of a chain of 200', median(ours), 'ms', median(raw), { atMost: 4 }));
  rows.push(bounded('a step of a chain of 200, p99', quantile(steps, 0.99), 'ms', { atMost: 20 }));
}

async function throughputWithAndWithoutHistory(system: BenchSystem): Promise<void> {
  const raw: number[] = [];
  const without: number[] = [];
  for (let index = 0; index < repeats; index++) {
    raw.push(await rawThroughput(system.redisUrl, RUNS * TASKS));
    without.push(await throughput(system, 'bench_chain_10', RUNS, TASKS));
  }
  rows.push({ name: 'raw BullMQ, 20,000 jobs', value: median(raw), unit: 'jobs/s' });
  rows.push(compared('2,000 runs of 10 tasks in a chain', median(without), 'tasks/s', median(raw), { atLeast: 0.25 }));
  if (!wanted('history')) return;
  await addHistory(system.sql, HISTORY);
  const withHistory: number[] = [];
  for (let index = 0; index < repeats; index++) withHistory.push(await throughput(system, 'bench_chain_10', RUNS, TASKS));
  rows.push(
    compared('the same with 1,000,000 task instances of history', median(withHistory), 'tasks/s', median(without), { atLeast: 0.8 }),
  );
}

async function wide(system: BenchSystem): Promise<void> {
  const { duration } = await run(system, 'bench_wide_10000', 300);
  rows.push({ name: 'a DAG 10,000 tasks wide', value: duration / 1_000, unit: 's' });
  rows.push(bounded('the scheduler during it, largest', peakMegabytes(system.scheduler.pid), 'MB', { atMost: 300 }));
}

async function idle(): Promise<void> {
  const system = await startBenchSystem({ dags: 'idle', slots });
  try {
    await registered(system, 'idle_999');
    await delay(10_000);
    const before = processorSeconds(system.scheduler.pid);
    await delay(IDLE_SECONDS * 1_000);
    const share = ((processorSeconds(system.scheduler.pid) - before) / IDLE_SECONDS) * 100;
    rows.push(bounded('the scheduler with 1,000 idle DAGs', residentMegabytes(system.scheduler.pid), 'MB', { atMost: 160 }));
    rows.push(bounded('the scheduler with 1,000 idle DAGs, processor', share, '% core', { atMost: 1 }));
  } finally {
    await system.stop();
  }
}

/** A year of a daily DAG of three tasks on the virtual clock, in this process. */
async function simulated(): Promise<void> {
  const daily = dag('daily', { schedule: cron('@daily'), start: '2026-01-01' }, () => {
    const a = task('a', async () => 1);
    const b = task('b', { in: { a } }, async () => 2);
    task('c', { in: { b } }, async () => 3);
  });
  await simulate(daily, { from: '2026-01-01', to: '2026-01-10' });
  const seconds: number[] = [];
  for (let index = 0; index < repeats; index++) {
    const began = performance.now();
    await simulate(daily, { from: '2026-01-01', to: '2027-01-01' });
    seconds.push((performance.now() - began) / 1_000);
  }
  rows.push(bounded('a year of a daily DAG, simulated', median(seconds), 's', { atMost: 1 }));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
