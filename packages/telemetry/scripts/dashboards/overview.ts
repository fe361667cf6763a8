import { bars, type Dashboard, greatest, lines, quantiles, rate, stat, table } from './panels.ts';

const none = [{ from: 1, colour: 'red' }] as const;

export const overview: Dashboard = {
  uid: 'headrace-overview',
  title: 'Headrace: overview',
  about: 'Whether it runs, how late it is, and what fails.',
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Schedulers', 'Alive.', greatest('headrace_schedulers')[0]),
        stat('Workers', 'Alive.', greatest('headrace_workers')[0]),
        stat('Runs running', '', greatest('headrace_runs', '', '{state="running"}')[0]),
        stat('Tasks running', '', greatest('headrace_task_instances', '', '{state="running"}')[0]),
        stat('Tasks waiting for a slot', '', greatest('headrace_task_instances', '', '{state="scheduled"}')[0]),
        stat('Failed runs, 24 h', '', 'sum(increase(headrace_runs_finished_total{state="failed"}[24h]))', 'short', {
          thresholds: [{ from: 1, colour: 'orange' }],
        }),
        stat('DAGs', 'That are in a file and not paused.', greatest('headrace_dags', '', '{state="active"}')[0]),
        stat('DAG files with errors', '', greatest('headrace_import_errors')[0], 'short', { thresholds: none }),
        stat('Assets overdue', '', 'sum(max by (asset) (headrace_asset_overdue))', 'short', { thresholds: none }),
        stat('Notices given up', '', greatest('headrace_notices', '', '{state="dead"}')[0], 'short', { thresholds: none }),
        stat('Slots in use', 'Of all workers.', 'headrace:worker_slots_used:ratio', 'percentunit'),
        stat('Longest wait in a queue', '', 'max(headrace_queue_oldest_seconds)', 's', { thresholds: [{ from: 300, colour: 'orange' }] }),
      ],
    },
    {
      title: 'Runs and tasks',
      panels: [
        bars('Runs ended', '', 'short', [['sum by (state) (increase(headrace_runs_finished_total[$__rate_interval]))', '{{state}}']]),
        bars('Attempts ended', 'What became of the tasks.', 'short', [
          ['sum by (state) (increase(headrace_attempts_finished_total[$__rate_interval]))', '{{state}}'],
        ]),
        lines('Live runs', '', 'short', [greatest('headrace_runs', 'state')]),
        lines('Live task instances', '', 'short', [greatest('headrace_task_instances', 'state')]),
        lines(
          'Delay of runs',
          'From the instant at which a run was due to its start.',
          's',
          quantiles('headrace_run_schedule_delay_seconds'),
        ),
        lines(
          'Delay of first tasks',
          'From the start of a run to the first slot.',
          's',
          quantiles('headrace_run_first_task_delay_seconds'),
        ),
        table(
          'DAGs that fail most, 24 h',
          'Failed attempts.',
          'topk(10, sum by (dag_id) (increase(headrace_attempts_finished_total{state="failed"}[24h])) > 0)',
        ),
        table('Runs created, 24 h', '', 'sum by (run_type) (increase(headrace_runs_created_total[24h])) > 0'),
      ],
    },
    {
      title: 'Scheduler',
      panels: [
        lines('Decisions', 'Time to decide and save one batch of moves.', 's', quantiles('headrace_decision_seconds')),
        lines('Duties', 'Time to perform a duty once.', 's', quantiles('headrace_duty_seconds', '', 'duty')),
        lines('Runs in hand', 'By scheduler.', 'short', [['headrace_active_runs', '{{instance}}']]),
        lines('Errors', 'Steps and duties that failed and were done again.', 'ops', [
          ['sum(rate(headrace_scheduler_errors_total[$__rate_interval]))', 'steps'],
          rate('headrace_duty_errors_total', 'duty'),
          rate('headrace_store_errors_total', 'operation'),
        ]),
        lines('Waits', 'Tasks that wait without a slot.', 'short', [greatest('headrace_waits', 'kind')]),
        lines('Backfills', '', 'short', [greatest('headrace_backfills', 'state')]),
        lines('DAG files', 'Time to bundle and evaluate one.', 's', quantiles('headrace_dag_parse_seconds')),
        lines('Housekeeping', 'What was removed.', 'short', [
          ['sum by (kind) (increase(headrace_housekeeping_removed_total[1h]))', '{{kind}}'],
        ]),
      ],
    },
    {
      title: 'API and processes',
      panels: [
        lines('Requests', 'By status.', 'ops', [rate('headrace_http_requests_total', 'status')]),
        lines('Time to answer', '', 's', quantiles('headrace_http_request_seconds')),
        lines('Memory', '', 'bytes', [['process_resident_memory_bytes{job=~"headrace-.*"}', '{{job}} {{instance}}']]),
        lines('Event loop', 'How late it is, p99.', 's', [
          ['nodejs_eventloop_lag_p99_seconds{job=~"headrace-.*"}', '{{job}} {{instance}}'],
        ]),
      ],
    },
  ],
};
