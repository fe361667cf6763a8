/**
 * What is alive now, for dashboards: runs, task instances, pools, queues, workers. Counted in the database, where all schedulers see the
 * same: of several, one may be asked, or the greatest taken.
 *
 * A label that was shown stays at 0 when there is nothing of it any more: a gauge that vanishes looks like a process that died.
 */
import type { HealthRecord, Labels, LiveCounts, Log, Metrics, QueryStore, TaskQueue } from '@headrace/ports';

const EVERY_MS = 10_000;
/** Counting DAGs looks at idle ones, too, and they change rarely: not each time. */
const DAGS_EVERY = 6;
const TASK_STATES = ['scheduled', 'queued', 'running', 'restarting', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input'];
const POOL_STATES = ['scheduled', 'queued', 'running', 'restarting', 'deferred'];
const DAG_STATES = [
  ['active', false],
  ['paused', true],
] as const;
const WAIT_KINDS = ['time', 'asset', 'run', 'webhook', 'input', 'poll'];

export interface GaugesOptions {
  readonly queries: Pick<QueryStore, 'liveCounts' | 'health' | 'dags'>;
  readonly queue: Pick<TaskQueue, 'depth'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Measures at once, and then again and again. */
export function startGauges({ queries, queue, metrics, log }: GaugesOptions): { stop(): void } {
  const board = new Board(metrics);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let measured = 0;

  async function measure(): Promise<void> {
    const counts = await queries.liveCounts();
    const health = await queries.health();
    showCounts(board, counts);
    if (measured++ % DAGS_EVERY === 0) {
      for (const [state, paused] of DAG_STATES)
        board.show('headrace_dags', (await queries.dags({ paused }, { limit: 1, offset: 0 })).total, { state });
    }
    const served = showMembers(board, health);
    try {
      board.showAll(
        'headrace_queue_depth',
        [...(await queue.depth(served))].map(([name, depth]) => [{ queue: name }, depth]),
      );
      board.show('headrace_queue_up', 1);
    } catch (error) {
      board.show('headrace_queue_up', 0);
      throw error;
    }
  }

  function again(afterMs: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      measure()
        .catch((error: unknown) => log.warn({ error }, 'the gauges could not be read'))
        .finally(() => again(EVERY_MS));
    }, afterMs);
  }

  again(0);
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Gauges, and which labels they have had. */
class Board {
  readonly #metrics: Metrics;
  readonly #shown = new Map<string, Map<string, Labels>>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  show(name: string, value: number, labels?: Labels): void {
    this.#metrics.gauge(name, value, labels);
  }

  /** All there is of this name: what is not among it is 0. */
  showAll(name: string, values: readonly (readonly [Labels, number])[]): void {
    const shown = this.#shown.get(name) ?? new Map<string, Labels>();
    this.#shown.set(name, shown);
    const gone = new Map(shown);
    for (const [labels, value] of values) {
      const key = JSON.stringify(labels);
      shown.set(key, labels);
      gone.delete(key);
      this.show(name, value, labels);
    }
    for (const labels of gone.values()) this.show(name, 0, labels);
  }

  /** The same of all these values of a label, 0 where nothing was counted. */
  showEach(name: string, label: string, values: readonly string[], counts: Readonly<Record<string, number>>, more: Labels = {}): void {
    for (const value of values) this.show(name, counts[value] ?? 0, { ...more, [label]: value });
  }
}

function showCounts(board: Board, counts: LiveCounts): void {
  board.showEach('headrace_runs', 'state', ['queued', 'running'], counts.runs);
  board.showEach('headrace_task_instances', 'state', TASK_STATES, counts.tasks);
  board.showEach('headrace_waits', 'kind', WAIT_KINDS, counts.waits);
  board.showEach('headrace_backfills', 'state', ['running', 'paused'], counts.backfills);
  board.showEach('headrace_notices', 'state', ['pending', 'dead'], counts.notices);
  board.show('headrace_import_errors', counts.importErrors);
  for (const { pool, slots, used, waiting, byState } of counts.pools) {
    board.show('headrace_pool_slots', slots, { pool });
    board.show('headrace_pool_slots_used', used, { pool });
    board.show('headrace_pool_tasks_waiting', waiting, { pool });
    board.showEach('headrace_pool_slots_by_state', 'state', POOL_STATES, byState, { pool });
  }
  const ofQueues = (value: (queue: LiveCounts['queues'][number]) => number) =>
    counts.queues.map((one): [Labels, number] => [{ queue: one.queue }, value(one)]);
  board.showAll(
    'headrace_queue_tasks_queued',
    ofQueues(({ queued }) => queued),
  );
  board.showAll(
    'headrace_queue_tasks_running',
    ofQueues(({ running }) => running),
  );
  board.showAll(
    'headrace_queue_oldest_seconds',
    ofQueues(({ oldestMs = 0 }) => oldestMs / 1_000),
  );
}

/** Answers with the queues that some worker serves. */
function showMembers(board: Board, { schedulers, workers }: HealthRecord): readonly string[] {
  const alive = workers.filter((worker) => worker.alive);
  board.show('headrace_schedulers', schedulers.filter((scheduler) => scheduler.alive).length);
  board.show('headrace_workers', alive.length);
  const served = [...new Set(alive.flatMap(({ queues }) => queues))];
  const serving = (queue: string) => alive.filter(({ queues }) => queues.includes(queue));
  board.showAll(
    'headrace_queue_workers',
    served.map((queue) => [{ queue }, serving(queue).length]),
  );
  board.showAll(
    'headrace_queue_slots',
    served.map((queue) => [{ queue }, serving(queue).reduce((sum, { slots }) => sum + slots, 0)]),
  );
  return served;
}
