/** No-op attempts a second through the pool alone, and the memory of an idle task process. Run: `node packages/task-runtime/scripts/measure-pool.ts` */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClaimedAttempt, silentLog } from '@headrace/ports';
import { createTaskPool, writeBundle } from '../src/index.ts';
import { MemoryObjects } from '../test/support/memory-objects.ts';

const sdk = import.meta.resolve('@headrace/sdk');
const code = `import { dag, task } from ${JSON.stringify(sdk)}; export default dag('bench', {}, () => { task('noop', () => {}); });`;
const dir = await mkdtemp(join(tmpdir(), 'headrace-bench-'));
const bundle = { hash: 'b'.repeat(64), path: await writeBundle(join(dir, 'bundles'), { hash: 'b'.repeat(64), code }) };

function attempt(id: number): ClaimedAttempt {
  return {
    taskInstanceId: String(id),
    attemptId: `attempt-${id}`,
    runKey: '1',
    dagId: 'bench',
    runId: 'manual__1',
    taskId: 'noop',
    mapIndex: -1,
    attempt: 1,
    triesBefore: 0,
    maxTries: 1,
    claimedAt: 0,
    versionId: '1',
    runType: 'manual',
    runAfter: 0,
    params: {},
  };
}

async function measure(size: number, inFlight: number, total: number): Promise<void> {
  const pool = createTaskPool({
    size,
    scratchDir: join(dir, 'scratch'),
    bundleDir: join(dir, 'bundles'),
    objects: new MemoryObjects(),
    log: silentLog,
  });
  const startedAt = performance.now();
  await pool.ready();
  const readyMs = performance.now() - startedAt;
  const rss = childrenRss();
  let next = 0;
  const lane = async (until: number): Promise<void> => {
    while (next < until) {
      const { report } = await pool.run({ attempt: attempt(next++), bundle, results: new Map(), connections: [], timeoutMs: 60_000 });
      if (report.outcome !== 'success') throw new Error(JSON.stringify(report));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, () => lane(2_000)));
  const begin = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: inFlight }, () => lane(2_000 + total)));
  const ms = performance.now() - begin;
  const used = process.cpuUsage(cpu);
  process.stdout.write(
    `${size} processes, ${inFlight} in flight: ${Math.round((total / ms) * 1_000)} attempts/s, ${(ms / total).toFixed(3)} ms each, parent CPU ${((used.user + used.system) / 1_000 / total).toFixed(3)} ms each; ready after ${Math.round(readyMs)} ms, RSS at start ${rss.join(', ')} MiB, after ${childrenRss().join(', ')} MiB\n`,
  );
  await pool.close();
}

function childrenRss(): number[] {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return pids.map((pid) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024));
}

await measure(1, 1, 5_000);
await measure(2, 4, 30_000);
await measure(4, 8, 30_000);
await rm(dir, { recursive: true, force: true });
