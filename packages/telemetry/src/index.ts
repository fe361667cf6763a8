export { createLog, type LogLevel, type LogOptions } from './log.ts';
export { createLineMasker, createMasker, type Masker } from './masker.ts';
export { type MetricDeclaration, metricList } from './metric-list.ts';
export { createMetrics, type MetricsOptions, type MetricsRegistry, UndeclaredMetricError } from './metrics.ts';
export { type Health, type MetricsServer, type MetricsServerOptions, startMetricsServer } from './metrics-server.ts';
export { createReadiness, type Readiness, type ReadinessOptions } from './readiness.ts';
export { maskSecrets } from './secrets.ts';
