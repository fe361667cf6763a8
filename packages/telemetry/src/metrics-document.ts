/** docs/metrics.md as text: what stands in the list, for people. */
import type { AirflowMetric } from './airflow-metrics.ts';
import type { MetricDeclaration } from './metric-list.ts';

export function metricsDocument(list: readonly MetricDeclaration[], airflow: readonly AirflowMetric[]): string {
  const names = airflow.map(
    ({ airflow: name, ours }) => `| \`${name}\` | ${'none' in ours ? `none: ${ours.none}` : ours.map((one) => `\`${one}\``).join(', ')} |`,
  );
  const rows = list.map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return `# Metrics

Every process answers \`GET /metrics\` in Prometheus' text format, with Node's own metrics beside these.
A label takes at most 200 values in one process (\`HEADRACE_METRICS_VALUES_PER_LABEL\`); what comes beyond them is counted as \`other\`.
What is counted in the database (runs, task instances, pools, queues, workers …) is told alike by every scheduler: take the greatest, not the sum.
Dashboards, alerts and what to do about them: [monitoring.md](monitoring.md).

This file is generated: \`node packages/telemetry/scripts/write-metrics-document.ts\`.

| Name | Type | Labels | What it counts |
|---|---|---|---|
${rows.join('\n')}

## Airflow's names

For dashboards that are brought along. Timers are histograms here: \`_bucket\`, \`_sum\` and \`_count\` follow the name.

| Airflow | Headrace |
|---|---|
${names.join('\n')}
`;
}
