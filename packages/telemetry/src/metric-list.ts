/** Every metric of Headrace, declared once. docs/metrics.md is generated from this list. */
export interface MetricDeclaration {
  /** `headrace_…`, with the unit, and `_total` for counters, as Prometheus advises. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in the metric's unit, for histograms. */
  readonly buckets?: readonly number[];
}

const fast = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const sizes = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500];

const counter = (name: string, help: string, ...labels: string[]): MetricDeclaration => ({ name, type: 'counter', help, labels });
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
  counter('headrace_runs_created_total', 'Runs created.', 'run_type'),
  counter('headrace_runs_started_total', 'Runs moved from queued to running.'),
  counter('headrace_runs_finished_total', 'Runs ended, by outcome.', 'state'),

  // Task instances
  gauge('headrace_task_instances', 'Live task instances by state.', 'state'),
  counter('headrace_attempts_started_total', 'Attempts claimed by this worker.', 'queue'),
  counter('headrace_attempts_finished_total', 'Attempts whose outcome this worker recorded.', 'state'),
  counter('headrace_attempts_lost_total', 'Attempts given up because their lease ended or nobody claimed them.', 'reason'),
  counter('headrace_attempts_fenced_total', 'Outcomes that were dropped because the attempt had been replaced.', 'operation'),
  counter('headrace_attempts_retried_total', 'Attempts followed by a retry.', 'dag_id'),
  counter('headrace_attempts_timed_out_total', 'Attempts stopped by their execution timeout.', 'dag_id'),

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
  counter('headrace_waits_ended_total', 'Waits of tasks that the scheduler ended: `met`, `timeout` or `failed`.', 'outcome'),
  histogram('headrace_decision_seconds', 'Time to decide and save one batch of moves.', fast),
  histogram('headrace_decision_batch_size', 'Moves saved in one batch.', sizes),
  counter('headrace_decisions_stale_total', 'Decisions that were not saved because the run had moved on.'),
  counter('headrace_dispatched_total', 'Messages sent to queues.'),
  counter('headrace_dispatch_failures_total', 'Batches of messages that could not be sent; they are sent again.'),
  counter('headrace_redispatched_total', 'Messages sent again because the queue had lost them.'),
  histogram('headrace_dispatch_batch_size', 'Messages sent in one batch.', sizes),
  gauge('headrace_pool_slots', 'Slots of a pool.', 'pool'),
  gauge('headrace_pool_slots_used', 'Slots of a pool in use.', 'pool'),
  gauge('headrace_pool_tasks_waiting', 'Task instances that wait for a slot of a pool.', 'pool'),

  // Queue
  gauge('headrace_queue_depth', 'Messages that wait in a queue.', 'queue'),
  counter('headrace_queue_invalid_messages_total', 'Messages dropped because the scheduler cannot have sent them.', 'queue'),
  counter('headrace_queue_reader_renewals_total', 'Connections to a queue given up because no message came though some waited.', 'queue'),

  // DAG files
  gauge('headrace_dag_files', 'DAG files that are watched.'),
  gauge('headrace_import_errors', 'DAG files that cannot be loaded at present.'),
  histogram('headrace_dag_parse_seconds', 'Time to bundle and evaluate one DAG file.', fast, 'outcome'),
  counter('headrace_dag_versions_created_total', 'New DAG versions registered.'),

  // Worker and task processes
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

  // Notices
  counter('headrace_notices_delivered_total', 'Notices delivered by this worker.', 'target'),
  counter('headrace_notices_failed_total', 'Deliveries of notices that failed and are tried again.', 'target'),
  counter('headrace_notices_dead_total', 'Notices given up; they stay in the outbox.', 'target'),

  // Store
  histogram('headrace_store_batch_size', 'Calls answered by one statement.', sizes, 'operation'),
  histogram('headrace_store_seconds', 'Time of one statement or transaction.', fast, 'operation'),
  counter('headrace_store_errors_total', 'Statements that failed, by operation.', 'operation'),

  // API
  counter('headrace_http_requests_total', 'Requests answered.', 'method', 'route', 'status'),
  histogram('headrace_http_request_seconds', 'Time to answer a request.', fast, 'method', 'route'),
];
