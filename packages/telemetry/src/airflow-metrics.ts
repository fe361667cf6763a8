/** Airflow's metrics, and what tells the same here: for people who bring their dashboards. docs/metrics.md has it as a table. */

export interface AirflowMetric {
  /** As Airflow's documentation has it; `…` for what follows. */
  readonly airflow: string;
  /** Ours, with the label values that make it the same; or nothing of it, and why. */
  readonly ours: readonly string[] | { readonly none: string };
}

const is = (airflow: string, ...ours: readonly string[]): AirflowMetric => ({ airflow, ours });
const none = (airflow: string, why: string): AirflowMetric => ({ airflow, ours: { none: why } });

const RUNS_IN_THE_SCHEDULER = 'waits are looked after by schedulers; there is no process of its own';

export const airflowMetrics: readonly AirflowMetric[] = [
  // Counters
  is('scheduler_heartbeat', 'headrace_heartbeat_timestamp_seconds{component="scheduler"}'),
  is('dag_processor_heartbeat', 'headrace_dag_files_looked_at_timestamp_seconds'),
  none('triggerer_heartbeat', RUNS_IN_THE_SCHEDULER),
  is('ti_failures', 'headrace_attempts_finished_total{state="failed"}'),
  is('ti_successes', 'headrace_attempts_finished_total{state="success"}'),
  is('ti.start', 'headrace_attempts_started_total'),
  is('ti.finish', 'headrace_attempts_finished_total'),
  none('previously_succeeded', 'a task that has succeeded is not run again'),
  is('task_instances_without_heartbeats_killed', 'headrace_attempts_lost_total{reason="lease_expired"}'),
  is('scheduler.tasks.killed_externally', 'headrace_attempts_fenced_total'),
  is('scheduler.orphaned_tasks.cleared', 'headrace_attempts_lost_total{reason="never_claimed"}'),
  is('scheduler.orphaned_tasks.adopted', 'headrace_redispatched_total'),
  is('scheduler.critical_section_busy', 'headrace_decisions_stale_total'),
  none('dag_processing.processes', 'one process reads all files'),
  is('dag_processing.processor_timeouts', 'headrace_dag_parse_seconds_count{outcome="failed"}'),
  is('dag_processing.other_callback_count', 'headrace_notices_delivered_total', 'headrace_notices_failed_total'),
  none('dag_processing.file_path_queue_update_count', 'files are read when they change; there is no queue of them'),
  is('dag_file_refresh_error', 'headrace_import_errors'),
  is('dag.callback_exceptions', 'headrace_notices_failed_total', 'headrace_notices_dead_total'),
  none('task_removed_from_dag', 'a run keeps the version it began with'),
  none('task_restored_to_dag', 'a run keeps the version it began with'),
  is('task_instance_created', 'headrace_task_instances_created_total'),
  none('triggers.blocked_main_thread', 'conditions are looked at by task processes'),
  is('triggers.failed', 'headrace_waits_ended_total{outcome="failed"}'),
  is('triggers.succeeded', 'headrace_waits_ended_total{outcome="met"}'),
  is('asset.updates', 'headrace_asset_events_total'),
  none('asset.orphaned', 'an asset that no DAG names is not active, and costs nothing'),
  is('asset.triggered_dagruns', 'headrace_runs_created_total{run_type="asset_triggered"}'),
  is('operator_failures…', 'headrace_attempts_finished_total{state="failed"}'),
  is('operator_successes…', 'headrace_attempts_finished_total{state="success"}'),
  // Gauges
  is('dagbag_size', 'headrace_dags'),
  is('dag_processing.import_errors', 'headrace_import_errors'),
  is('dag_processing.total_parse_time', 'headrace_dag_parse_seconds_sum'),
  none('dag_processing.file_path_queue_size', 'files are read when they change; there is no queue of them'),
  is('dag_processing.last_run.seconds_ago…', 'headrace_dag_files_looked_at_timestamp_seconds'),
  is('scheduler.tasks.starving', 'headrace_pool_tasks_waiting'),
  is('scheduler.tasks.executable', 'headrace_task_instances{state="scheduled"}'),
  is('scheduler.dagruns.running', 'headrace_runs{state="running"}'),
  is('executor.open_slots', 'headrace_worker_slots', 'headrace_worker_slots_used'),
  is('executor.queued_tasks', 'headrace_queue_tasks_queued'),
  is('executor.running_tasks', 'headrace_queue_tasks_running'),
  is('pool.open_slots…', 'headrace_pool_slots', 'headrace_pool_slots_used'),
  is('pool.queued_slots…', 'headrace_pool_slots_by_state{state="queued"}'),
  is('pool.running_slots…', 'headrace_pool_slots_by_state{state="running"}'),
  is('pool.deferred_slots…', 'headrace_pool_slots_by_state{state="deferred"}'),
  is('pool.scheduled_slots…', 'headrace_pool_slots_by_state{state="scheduled"}'),
  is('pool.starving_tasks…', 'headrace_pool_tasks_waiting'),
  is('triggers.running', 'headrace_waits'),
  none('triggerer.capacity_left', `${RUNS_IN_THE_SCHEDULER}, and an open wait is a row`),
  is('ti.scheduled', 'headrace_task_instances{state="scheduled"}'),
  is('ti.queued', 'headrace_task_instances{state="queued"}'),
  is('ti.running', 'headrace_task_instances{state="running"}'),
  is('ti.deferred', 'headrace_task_instances{state="deferred"}'),
  // Timers
  none('dagrun.dependency-check', 'nothing is checked again and again: what ended leads to what follows'),
  is('dagrun.duration.success', 'headrace_run_duration_seconds{state="success"}'),
  is('dagrun.duration.failed', 'headrace_run_duration_seconds{state="failed"}'),
  is('dagrun.schedule_delay', 'headrace_run_schedule_delay_seconds'),
  is('dagrun.first_task_scheduling_delay', 'headrace_run_first_task_delay_seconds'),
  is('task.duration', 'headrace_task_duration_seconds'),
  is('task.scheduled_duration', 'headrace_task_slot_delay_seconds'),
  is('task.queued_duration', 'headrace_task_queue_delay_seconds'),
  is('dag_processing.last_duration', 'headrace_dag_parse_seconds'),
  is('scheduler.critical_section_duration', 'headrace_decision_seconds'),
  is('scheduler.critical_section_query_duration', 'headrace_store_seconds{operation="decide"}'),
  is('scheduler.scheduler_loop_duration', 'headrace_decision_seconds', 'headrace_duty_seconds'),
  none('collect_db_dags', 'schedulers keep the DAGs that they need in memory'),
];
