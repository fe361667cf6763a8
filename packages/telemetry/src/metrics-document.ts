/** docs/metrics.md as text: what stands in the list, for people. */
import type { MetricDeclaration } from './metric-list.ts';

export function metricsDocument(list: readonly MetricDeclaration[]): string {
  const rows = list.map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return `# Metrics

Every process answers \`GET /metrics\` in Prometheus' text format, with Node's own metrics beside these.
A label takes at most 200 values in one process; what comes beyond them is counted as \`other\`.

This file is generated: \`node packages/telemetry/scripts/write-metrics-document.ts\`.

| Name | Type | Labels | What it counts |
|---|---|---|---|
${rows.join('\n')}
`;
}
