/** Every metric of Headrace, declared once. docs/metrics.md is generated from this list. */
export interface MetricDeclaration {
  /** `headrace_…`, with the unit, and `_total` for counters, as Prometheus advises. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in the metric's unit, for histograms. */
  readonly buckets?: readonly number[];
  /** All values of the only label of a counter: these series are there from the start, so that the first event is seen as an increase. */
  readonly values?: readonly string[];
}

const fast = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** How long something waits that should not wait. */
const delays = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600];
/** How long work takes. */
const durations = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600];
const sizes = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500];

const counter = (name: string, help: string, ...labels: string[]): MetricDeclaration => ({ name, type: 'counter', help, labels });
/** A counter of one label with so many values. */
const counterOf = (name: string, help: string, label: string, ...values: string[]): MetricDeclaration => ({
  name,
  type: 'counter',
  help,
  labels: [label],
  values,
});
const gauge = (name: string, help: string, ...labels: string[]): MetricDeclaration => ({ name, type: 'gauge', help, labels });
const histogram = (name: string, help: string, buckets: readonly number[], ...labels: string[]): MetricDeclaration => ({
  name,
  type: 'histogram',
  help,
  labels,
  buckets,
});

export const metricList: readonly MetricDeclaration[] = [
  // Every process
  gauge('headrace_heartbeat_timestamp_seconds', 'When the process last renewed its membership, seconds since the epoch.', 'component'),
  counter('headrace_metrics_dropped_total', 'Observations that named no declared metric or label; should stay 0.', 'name'),

  // Runs
  gauge('headrace_runs', 'Live runs by state.', 'state'),
  gauge('headrace_active_runs', 'Runs that this scheduler holds in memory.'),
  counterOf(
    'headrace_runs_created_total',
    'Runs created: by schedulers, and by people and programs through the API.',
    'run_type',
    'scheduled',
    'manual',
    'backfill',
    'asset_triggered',
    'asset_materialization',
  ),
  counter('headrace_runs_started_total', 'Runs moved from queued to running.'),
  counter('headrace_runs_finished_total', 'Runs ended, by outcome.', 'dag_id', 'state'),
  histogram(
    'headrace_run_schedule_delay_seconds',
    'From the instant at which a run was due to its start. Runs of backfills are not in it; those that catch up are.',
    delays,
    'dag_id',
  ),
  histogram('headrace_run_first_task_delay_seconds', 'From the start of a run to the first slot that a task of it got.', delays, 'dag_id'),
  histogram('headrace_run_duration_seconds', 'From the start of a run to its end.', durations, 'dag_id', 'state'),

  // Task instances
  gauge('headrace_task_instances', 'Live task instances by state.', 'state'),
  counter('headrace_attempts_started_total', 'Attempts claimed by this worker.', 'queue'),
  counter(
    'headrace_attempts_finished_total',
    'Attempts whose outcome this worker recorded, by what became of the task.',
    'dag_id',
    'state',
  ),
  counterOf(
    'headrace_attempts_lost_total',
    'Attempts given up because their lease ended or nobody claimed them.',
    'reason',
    'lease_expired',
    'never_claimed',
    'not_renewed',
  ),
  counterOf('headrace_attempts_fenced_total', 'Outcomes that were dropped because the attempt had been replaced.', 'operation', 'finish'),
  counter('headrace_attempts_retried_total', 'Attempts followed by a retry.', 'dag_id'),
  counter('headrace_attempts_timed_out_total', 'Attempts stopped by their execution timeout.', 'dag_id'),
  counter('headrace_task_instances_created_total', 'Task instances created: with their run, and while it goes on.'),
  histogram('headrace_task_slot_delay_seconds', 'From being ready to a slot: waiting for pools, limits and priority.', delays, 'queue'),
  histogram('headrace_task_queue_delay_seconds', 'From the slot to the claim by a worker: waiting in the queue.', delays, 'queue'),
  histogram('headrace_task_duration_seconds', 'From the claim of an attempt to its outcome.', durations, 'dag_id', 'state'),

  // Scheduler
  gauge('headrace_scheduler_shards', 'Shards of runs that this scheduler owns.'),
  counter('headrace_scheduler_errors_total', 'Scheduler steps that failed and were tried again.'),
  counter(
    'headrace_duty_errors_total',
    'Duties of the scheduler (waits, asset events, notices, backfills …) that failed and were performed again.',
    'duty',
  ),
  counter('headrace_timetable_errors_total', 'Times that a timetable of a DAG file gave no answer; it is asked again.'),
  histogram('headrace_duty_seconds', 'Time to perform a duty of the scheduler once.', fast, 'duty'),
  gauge('headrace_schedulers', 'Schedulers that are alive.'),
  counterOf(
    'headrace_waits_ended_total',
    'Waits of tasks that the scheduler ended: `met`, `timeout` or `failed`.',
    'outcome',
    'met',
    'timeout',
    'failed',
  ),
  gauge('headrace_waits', 'Waits of tasks that are open: they hold no slot.', 'kind'),
  gauge('headrace_backfills', 'Backfills that are not complete: `running` or `paused`.', 'state'),
  counter('headrace_deadlines_missed_total', 'Deadlines of runs that were missed.', 'dag_id'),
  gauge('headrace_asset_overdue', '1 while an asset is later than its freshness allows, else 0.', 'asset'),
  histogram('headrace_decision_seconds', 'Time to decide and save one batch of moves.', fast),
  histogram('headrace_decision_batch_size', 'Moves saved in one batch.', sizes),
  counter('headrace_decisions_stale_total', 'Decisions that were not saved because the run had moved on.'),
  counter('headrace_dispatched_total', 'Messages sent to queues.'),
  counter('headrace_dispatch_failures_total', 'Batches of messages that could not be sent; they are sent again.'),
  counter('headrace_redispatched_total', 'Messages sent again because the queue had lost them.'),
  histogram('headrace_dispatch_batch_size', 'Messages sent in one batch.', sizes),
  gauge('headrace_pool_slots', 'Slots of a pool.', 'pool'),
  gauge('headrace_pool_slots_used', 'Slots of a pool in use.', 'pool'),
  gauge('headrace_pool_tasks_waiting', 'Slots of a pool that ready task instances wait for.', 'pool'),
  gauge('headrace_pool_slots_by_state', 'Slots of a pool by the state of the task instances that have or want them.', 'pool', 'state'),

  // Queue
  gauge('headrace_queue_depth', 'Messages that wait in a queue.', 'queue'),
  gauge('headrace_queue_up', '1 when this scheduler could ask the queues for their depth, else 0.'),
  gauge('headrace_queue_tasks_queued', 'Task instances that have a slot and wait for a worker of their queue.', 'queue'),
  gauge('headrace_queue_tasks_running', 'Task instances of a queue that run.', 'queue'),
  gauge(
    'headrace_queue_oldest_seconds',
    'For how long the task instance that waits longest for a worker of its queue has waited.',
    'queue',
  ),
  gauge('headrace_queue_workers', 'Workers alive that serve a queue.', 'queue'),
  gauge('headrace_queue_slots', 'Attempts that the workers of a queue run at once, together.', 'queue'),
  counter('headrace_queue_invalid_messages_total', 'Messages dropped because the scheduler cannot have sent them.', 'queue'),
  counter('headrace_queue_reader_renewals_total', 'Connections to a queue given up because no message came though some waited.', 'queue'),

  // DAG files
  gauge('headrace_dags', 'DAGs that are in a file: `active` or `paused`.', 'state'),
  gauge('headrace_dag_files', 'DAG files that are watched.'),
  gauge('headrace_dag_files_looked_at_timestamp_seconds', 'When the DAG folder was last looked through, seconds since the epoch.'),
  counter('headrace_dag_processor_restarts_total', 'DAG processes that ended by themselves and were started again.'),
  gauge('headrace_import_errors', 'DAG files that cannot be loaded at present.'),
  histogram('headrace_dag_parse_seconds', 'Time to bundle and evaluate one DAG file.', fast, 'outcome'),
  counter('headrace_dag_versions_created_total', 'New DAG versions registered.'),

  // Worker and task processes
  gauge('headrace_workers', 'Workers that are alive.'),
  gauge('headrace_worker_slots', 'Attempts that this worker runs at once.'),
  gauge('headrace_worker_slots_used', 'Attempts that this worker runs now.'),
  gauge('headrace_task_processes', 'Task processes by state.', 'state'),
  counter('headrace_task_processes_started_total', 'Task processes started.'),
  counter('headrace_task_processes_ended_total', 'Task processes ended, by reason.', 'reason'),
  histogram('headrace_task_process_start_seconds', 'Time until a new task process can take an attempt.', fast),
  counter('headrace_lease_renewal_failures_total', 'Renewals of leases that failed; attempts are stopped before their lease ends.'),
  counter('headrace_task_log_bytes_total', 'Bytes of task logs written.'),
  counter('headrace_task_log_truncated_total', 'Task logs that reached their limit.'),

  // Data
  counter(
    'headrace_data_rows_total',
    'Rows that tasks of this worker left somewhere, by what they left: package, lake, table, file or delivery.',
    'dag_id',
    'kind',
  ),
  counter('headrace_data_bytes_total', 'Bytes of those, where they are known.', 'dag_id', 'kind'),
  counter('headrace_data_rows_quarantined_total', 'Rows that were kept aside.', 'dag_id'),
  counter('headrace_data_checks_failed_total', 'Checks of rows that failed.', 'dag_id', 'severity'),

  counter('headrace_asset_events_total', 'Events of assets that tasks of this worker recorded.', 'dag_id'),

  // Notices
  gauge('headrace_notices', 'Notices that are `pending`, or `dead`: given up.', 'state'),
  counter('headrace_notices_delivered_total', 'Notices delivered by this worker.', 'target'),
  counter('headrace_notices_failed_total', 'Deliveries of notices that failed and are tried again.', 'target'),
  counter('headrace_notices_dead_total', 'Notices given up; they stay in the outbox.', 'target'),

  // Housekeeping
  counterOf(
    'headrace_housekeeping_removed_total',
    'What housekeeping has removed, by kind.',
    'kind',
    ...['runs', 'task_instances', 'notices', 'data_loads', 'data_checks', 'asset_events', 'dag_versions', 'bundles', 'processes'],
    ...['objects', 'packages'],
  ),
  histogram('headrace_housekeeping_seconds', 'Time of one round of housekeeping.', durations),
  counter('headrace_housekeeping_errors_total', 'Rounds of housekeeping that failed; the next one goes on.'),
  gauge('headrace_housekeeping_timestamp_seconds', 'When this scheduler last completed a round of housekeeping, seconds since the epoch.'),

  // Store
  histogram('headrace_store_batch_size', 'Calls answered by one statement.', sizes, 'operation'),
  histogram('headrace_store_seconds', 'Time of one statement or transaction.', fast, 'operation'),
  counter('headrace_store_errors_total', 'Statements that failed, by operation.', 'operation'),

  // API
  counter('headrace_http_requests_total', 'Requests answered.', 'method', 'route', 'status'),
  histogram('headrace_http_request_seconds', 'Time to answer a request.', fast, 'method', 'route'),
];
