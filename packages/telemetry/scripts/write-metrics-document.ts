/** Writes docs/metrics.md from the list of metrics. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { airflowMetrics } from '../src/airflow-metrics.ts';
import { metricList } from '../src/metric-list.ts';
import { metricsDocument } from '../src/metrics-document.ts';

writeFileSync(fileURLToPath(new URL('../../../docs/metrics.md', import.meta.url)), metricsDocument(metricList, airflowMetrics));
