import { bars, type Dashboard, lines, quantiles, rate, stat, table } from './panels.ts';

const dag = '{dag_id=~"$dag_id"}';
const ofDag = (more: string): string => `{dag_id=~"$dag_id", ${more}}`;

export const dagDashboard: Dashboard = {
  uid: 'headrace-dag',
  title: 'Headrace: DAG',
  about: 'One DAG, or several: how their runs and tasks do, and what data they move.',
  variables: [{ name: 'dag_id', label: 'DAG', values: 'label_values(headrace_run_duration_seconds_count, dag_id)' }],
  rows: [
    {
      title: 'Runs',
      panels: [
        stat('Succeeded, 24 h', '', `sum(increase(headrace_runs_finished_total${ofDag('state="success"')}[24h]))`, 'short', { width: 6 }),
        stat('Failed, 24 h', '', `sum(increase(headrace_runs_finished_total${ofDag('state="failed"')}[24h]))`, 'short', {
          width: 6,
          thresholds: [{ from: 1, colour: 'red' }],
        }),
        stat('Deadlines missed, 24 h', '', `sum(increase(headrace_deadlines_missed_total${dag}[24h]))`, 'short', {
          width: 6,
          thresholds: [{ from: 1, colour: 'red' }],
        }),
        stat('Attempts that fail, 30 min', '', `max(dag:headrace_task_attempts_failed:ratio30m${dag})`, 'percentunit', {
          width: 6,
          thresholds: [{ from: 0.2, colour: 'orange' }],
        }),
        bars('Runs ended', '', 'short', [
          [`sum by (dag_id, state) (increase(headrace_runs_finished_total${dag}[$__rate_interval]))`, '{{dag_id}} {{state}}'],
        ]),
        lines('Duration of runs', '', 's', quantiles('headrace_run_duration_seconds', dag, 'dag_id')),
        lines(
          'Delay of runs',
          'From the instant at which a run was due to its start.',
          's',
          quantiles('headrace_run_schedule_delay_seconds', dag, 'dag_id'),
        ),
        lines(
          'Delay of first tasks',
          'From the start of a run to the first slot.',
          's',
          quantiles('headrace_run_first_task_delay_seconds', dag, 'dag_id'),
        ),
      ],
    },
    {
      title: 'Tasks',
      panels: [
        bars('Attempts ended', 'What became of the tasks.', 'short', [
          [`sum by (state) (increase(headrace_attempts_finished_total${dag}[$__rate_interval]))`, '{{state}}'],
        ]),
        lines('Duration of attempts', '', 's', quantiles('headrace_task_duration_seconds', dag, 'dag_id')),
        lines('Retries', '', 'ops', [rate('headrace_attempts_retried_total', 'dag_id', dag)]),
        lines('Stopped by their timeout', '', 'ops', [rate('headrace_attempts_timed_out_total', 'dag_id', dag)]),
      ],
    },
    {
      title: 'Data',
      panels: [
        lines('Rows', 'That tasks left somewhere.', 'ops', [rate('headrace_data_rows_total', 'dag_id, kind', dag)]),
        lines('Bytes', '', 'bytes', [rate('headrace_data_bytes_total', 'dag_id, kind', dag)]),
        table('Checks that failed, 24 h', '', `sum by (dag_id, severity) (increase(headrace_data_checks_failed_total${dag}[24h])) > 0`),
        table('Events of assets, 24 h', '', `sum by (dag_id) (increase(headrace_asset_events_total${dag}[24h])) > 0`),
      ],
    },
  ],
};
