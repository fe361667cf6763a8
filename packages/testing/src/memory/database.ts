/**
 * The database behind the adapters in memory: tables, transactions, ids, the time, and the news that a commit tells.
 *
 * M1. A transaction is one synchronous call: it is saved as a whole or, if it throws, not at all, and nothing comes between.
 * M2. News of a commit reaches the listeners after it, in order of commit, never during it.
 * M3. Nothing here is random and nothing reads a clock but the one it was given: the same calls give the same rows.
 */
import type { Instant } from '@headrace/core';
import type { Clock, RunEventsListener, StoreEvent } from '@headrace/ports';
import { createAssetTables } from './asset-tables.ts';
import type {
  BundleRow,
  CommandRow,
  DagRow,
  DeadlineRow,
  FailureStreakRow,
  ImportErrorRow,
  NoticeRow,
  PoolRow,
  RateBucketRow,
  ResultRow,
  RunRow,
  SchedulerRow,
  ShardRow,
  TaskInstanceRow,
  TryRow,
  VersionRow,
  WaitRow,
  WorkerRow,
} from './rows.ts';
import { type Journal, MemoryTable, type RowChange } from './table.ts';

export const SHARDS = 32;
const DEFAULT_POOL: PoolRow = { name: 'default_pool', slots: 128 };

/** Is called after each commit that changed something, before anybody else hears of it. */
export type CommitWatcher = (changes: readonly RowChange[]) => void;

export class MemoryDatabase {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #sequences = new Map<string, number>();
  readonly #listeners = new Set<RunEventsListener>();
  readonly #revokedListeners = new Set<(attemptIds: readonly string[]) => void>();
  readonly #watchers = new Set<CommitWatcher>();
  #changes: { readonly change: RowChange; readonly undo: () => void }[] = [];
  #depth = 0;
  #transactionBegan: Instant | undefined;
  #events: StoreEvent[] = [];
  #revoked: string[] = [];
  #delivery: { readonly events: StoreEvent[]; readonly revoked: string[] } | undefined;

  readonly #journal: Journal = {
    note: (change, undo) => {
      if (this.#depth === 0) throw new Error(`Table ${change.table} was changed outside of a transaction`);
      this.#changes.push({ change, undo });
    },
  };

  // By their keys: ids, or what is written in parentheses.
  readonly bundles = this.table<BundleRow>('bundle');
  readonly dags = this.table<DagRow>('dag');
  readonly versions = this.table<VersionRow>('DAG version');
  readonly runs = this.table<RunRow>('dag_run');
  readonly tasks = this.table<TaskInstanceRow>('task_instance');
  /** (`${taskInstanceId} ${attempt}`) */
  readonly tries = this.table<TryRow>('task_try');
  /** (`${taskInstanceId} ${attempt}`) */
  readonly results = this.table<ResultRow>('task_result');
  readonly commands = this.table<CommandRow>('run_event');
  /** (file) */
  readonly importErrors = this.table<ImportErrorRow>('import_error');
  readonly workers = this.table<WorkerRow>('worker');
  readonly schedulers = this.table<SchedulerRow>('scheduler');
  /** (shard) */
  readonly shards = this.table<ShardRow>('scheduler_shard');
  /** (name) */
  readonly pools = this.table<PoolRow>('pool');
  /** (key) */
  readonly rateBuckets = this.table<RateBucketRow>('rate_bucket');
  readonly waits = this.table<WaitRow>('wait');
  readonly assetTables = createAssetTables(this);
  /** (key) */
  readonly notices = this.table<NoticeRow>('notice');
  /** (`${runKey} ${name}`) */
  readonly deadlines = this.table<DeadlineRow>('deadline');
  /** (`${user} ${dagId}`) */
  readonly favorites = this.table<{ readonly user: string; readonly dagId: string }>('dag_favorite');
  /** (DAG id) */
  readonly failureStreaks = this.table<FailureStreakRow>('failure streak');

  readonly versionsOfDag = this.versions.indexed((row) => row.dagId);
  readonly runsByStatus = this.runs.indexed((row) => (row.status === 'queued' || row.status === 'running' ? row.status : undefined));
  /** By `${status} ${dagId}`, of runs that are queued or running. */
  readonly liveRunsOfDag = this.runs.indexed((row) =>
    row.status === 'queued' || row.status === 'running' ? `${row.status} ${row.dagId}` : undefined,
  );
  readonly runsOfDag = this.runs.indexed((row) => row.dagId);
  /** By `${dagId} ${runId}`. */
  readonly runsById = this.runs.indexed((row) => `${row.dagId} ${row.runId}`);
  /** By `${dagId} ${logicalDate}`. */
  readonly runsByDate = this.runs.indexed((row) => (row.logicalDate === undefined ? undefined : `${row.dagId} ${row.logicalDate}`));
  /** By their ids. */
  readonly noticesById = this.notices.indexed((row) => row.id);
  readonly deadlinesOfRun = this.deadlines.indexed((row) => row.runKey);
  readonly tasksOfRun = this.tasks.indexed((row) => row.runKey);
  /** Of those that are alive: none of them is terminal or waits for its trigger rule. */
  readonly tasksByStatus = this.tasks.indexed((row) => (LIVE.has(row.state.status) ? row.state.status : undefined));
  readonly waitsOfTask = this.waits.indexed((row) => row.taskInstanceId);
  /** By `open`: those that have not ended. */
  readonly openWaits = this.waits.indexed((row) => (row.ended === undefined ? 'open' : undefined));
  readonly triesOfTask = this.tries.indexed((row) => row.taskInstanceId);

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.transaction(() => {
      this.pools.insert(DEFAULT_POOL.name, DEFAULT_POOL);
      for (let shard = 0; shard < SHARDS; shard++) this.shards.insert(String(shard), { shard, schedulerId: undefined });
    });
  }

  /** A table of an adapter's own. Its name is for errors and for whoever watches commits. */
  table<Row extends object>(name: string): MemoryTable<Row> {
    return new MemoryTable<Row>(name, this.#journal);
  }

  /** The store's time. Within a transaction it stands still. */
  now(): Instant {
    return this.#transactionBegan ?? this.#clock.now();
  }

  /** 1, 2, 3 … in each sequence, as text: how Postgres numbers rows. A number that a failed transaction took is not given again. */
  nextId(sequence: string): string {
    const id = (this.#sequences.get(sequence) ?? 0) + 1;
    this.#sequences.set(sequence, id);
    return String(id);
  }

  /** Like a uuid, but the next one is always the same. */
  nextUuid(): string {
    return `00000000-0000-4000-8000-${this.nextId('uuid').padStart(12, '0')}`;
  }

  /** All that `work` changes and tells, or nothing when it throws. May be nested: the inner one is part of the outer one. */
  transaction<T>(work: () => T): T {
    const { length: changesBefore } = this.#changes;
    const { length: eventsBefore } = this.#events;
    const { length: revokedBefore } = this.#revoked;
    if (this.#depth === 0) this.#transactionBegan = this.#clock.now();
    this.#depth++;
    try {
      const result = work();
      if (this.#depth === 1) this.#commit();
      return result;
    } catch (error) {
      for (const { undo } of this.#changes.splice(changesBefore).reverse()) undo();
      this.#events.length = eventsBefore;
      this.#revoked.length = revokedBefore;
      throw error;
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#transactionBegan = undefined;
    }
  }

  /** Tells schedulers, when the transaction commits; at once when there is none. */
  tell(events: readonly StoreEvent[]): void {
    this.transaction(() => void this.#events.push(...events));
  }

  /** Tells workers that these attempts are no longer theirs, when the transaction commits. */
  tellRevoked(attemptIds: readonly string[]): void {
    this.transaction(() => void this.#revoked.push(...attemptIds));
  }

  /** The answer ends the subscription. */
  onEvents(listener: RunEventsListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The answer ends the subscription. */
  onRevoked(listener: (attemptIds: readonly string[]) => void): () => void {
    this.#revokedListeners.add(listener);
    return () => void this.#revokedListeners.delete(listener);
  }

  /** Sees every change of a row, by transaction. The answer ends it. */
  watch(watcher: CommitWatcher): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #commit(): void {
    const changes = this.#changes.map(({ change }) => change);
    this.#changes = [];
    if (changes.length > 0) for (const watcher of this.#watchers) watcher(changes);
    if (this.#events.length === 0 && this.#revoked.length === 0) return;
    if (this.#delivery === undefined) {
      this.#delivery = { events: [], revoked: [] };
      queueMicrotask(() => this.#deliver());
    }
    this.#delivery.events.push(...this.#events.splice(0));
    this.#delivery.revoked.push(...this.#revoked.splice(0));
  }

  #deliver(): void {
    const { events, revoked } = this.#delivery ?? { events: [], revoked: [] };
    this.#delivery = undefined;
    if (events.length > 0) for (const listener of [...this.#listeners]) listener.onEvents(events);
    if (revoked.length > 0) for (const listener of [...this.#revokedListeners]) listener(revoked);
  }
}

const LIVE: ReadonlySet<string> = new Set([
  'scheduled',
  'queued',
  'running',
  'restarting',
  'up_for_retry',
  'up_for_reschedule',
  'deferred',
  'awaiting_input',
]);
