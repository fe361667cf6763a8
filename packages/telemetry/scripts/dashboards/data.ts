import { bars, type Dashboard, greatest, lines, rate, stat, table } from './panels.ts';

const dag = '{dag_id=~"$dag_id"}';

export const data: Dashboard = {
  uid: 'headrace-data',
  title: 'Headrace: data',
  about: 'Rows, bytes, quarantine, checks and assets, by DAG.',
  variables: [{ name: 'dag_id', label: 'DAG', values: 'label_values(headrace_data_rows_total, dag_id)' }],
  rows: [
    {
      title: 'Moved',
      panels: [
        stat('Rows, 24 h', '', `sum(increase(headrace_data_rows_total${dag}[24h]))`, 'short', { width: 6 }),
        stat('Bytes, 24 h', '', `sum(increase(headrace_data_bytes_total${dag}[24h]))`, 'bytes', { width: 6 }),
        stat('Rows kept aside, 24 h', 'In quarantine.', `sum(increase(headrace_data_rows_quarantined_total${dag}[24h]))`, 'short', {
          width: 6,
          thresholds: [{ from: 1, colour: 'orange' }],
        }),
        stat('Checks failed, 24 h', '', `sum(increase(headrace_data_checks_failed_total${dag}[24h]))`, 'short', {
          width: 6,
          thresholds: [{ from: 1, colour: 'red' }],
        }),
        lines('Rows', 'By what tasks left: package, lake, table, file, delivery.', 'ops', [rate('headrace_data_rows_total', 'kind', dag)]),
        lines('Bytes', '', 'bytes', [rate('headrace_data_bytes_total', 'kind', dag)]),
        table('Rows by DAG, 24 h', '', `topk(20, sum by (dag_id) (increase(headrace_data_rows_total${dag}[24h])) > 0)`),
        table('Bytes by DAG, 24 h', '', `topk(20, sum by (dag_id) (increase(headrace_data_bytes_total${dag}[24h])) > 0)`, 'bytes'),
      ],
    },
    {
      title: 'Quality',
      panels: [
        bars('Rows kept aside', '', 'short', [
          [`sum by (dag_id) (increase(headrace_data_rows_quarantined_total${dag}[$__rate_interval]))`, '{{dag_id}}'],
        ]),
        bars('Checks that failed', '', 'short', [
          [`sum by (dag_id, severity) (increase(headrace_data_checks_failed_total${dag}[$__rate_interval]))`, '{{dag_id}} {{severity}}'],
        ]),
      ],
    },
    {
      title: 'Assets',
      panels: [
        lines('Overdue', '1: later than its freshness allows.', 'short', [greatest('headrace_asset_overdue', 'asset')]),
        bars('Events', '', 'short', [[`sum by (dag_id) (increase(headrace_asset_events_total${dag}[$__rate_interval]))`, '{{dag_id}}']]),
      ],
    },
  ],
};
