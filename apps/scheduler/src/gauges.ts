/** What is alive now, for dashboards: runs, task instances, pools, queues. Counted in the database, where all schedulers see the same. */
import type { Log, Metrics, QueryStore, TaskQueue } from '@headrace/ports';

const EVERY_MS = 10_000;
const TASK_STATES = ['scheduled', 'queued', 'running', 'restarting', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input'];
const RUN_STATES = ['queued', 'running'];

export function startGauges(options: {
  readonly queries: Pick<QueryStore, 'liveCounts' | 'health'>;
  readonly queue: Pick<TaskQueue, 'depth'>;
  readonly metrics: Metrics;
  readonly log: Log;
}): { stop(): void } {
  const { queries, queue, metrics, log } = options;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function measure(): Promise<void> {
    const { runs, tasks, pools } = await queries.liveCounts();
    for (const state of RUN_STATES) metrics.gauge('headrace_runs', runs[state] ?? 0, { state });
    for (const state of TASK_STATES) metrics.gauge('headrace_task_instances', tasks[state] ?? 0, { state });
    for (const { pool, slots, used, waiting } of pools) {
      metrics.gauge('headrace_pool_slots', slots, { pool });
      metrics.gauge('headrace_pool_slots_used', used, { pool });
      metrics.gauge('headrace_pool_tasks_waiting', waiting, { pool });
    }
    const served = new Set((await queries.health()).workers.flatMap((worker) => (worker.alive ? worker.queues : [])));
    for (const [name, depth] of await queue.depth([...served])) metrics.gauge('headrace_queue_depth', depth, { queue: name });
  }

  function again(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      measure()
        .catch((error: unknown) => log.warn({ error }, 'the gauges could not be read'))
        .finally(again);
    }, EVERY_MS);
  }

  again();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
