/**
 * The metrics of a process, on prom-client.
 *
 * P1. Only what metric-list.ts declares exists. While developing and testing, another name or label throws; in production it is
 *     counted in headrace_metrics_dropped_total, because a metric is no reason to stop.
 * P2. A label takes a bounded number of values; those beyond it are counted together as `other`.
 */
import type { Labels, Metrics } from '@headrace/ports';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricDeclaration, metricList } from './metric-list.ts';

export interface MetricsRegistry {
  readonly contentType: string;
  /** All metrics in Prometheus' text format. */
  metrics(): Promise<string>;
}

export interface MetricsOptions {
  /** Throw on what is not declared. Default: unless NODE_ENV is `production`. */
  readonly strict?: boolean;
  /** Values that one label of one metric may take. Default 200. */
  readonly valuesPerLabel?: number;
  /** Add Node's own metrics (memory, event loop, garbage collection). Default true. */
  readonly process?: boolean;
}

interface Instrument {
  readonly declaration: MetricDeclaration;
  readonly seen: ReadonlyMap<string, Set<string>>;
  add(labels: Record<string, string>, value: number): void;
}

const overflow = 'other';

export function createMetrics(options: MetricsOptions = {}): { metrics: Metrics; registry: MetricsRegistry } {
  const { strict = process.env.NODE_ENV !== 'production', valuesPerLabel = 200 } = options;
  const registry = new Registry();
  if (options.process ?? true) collectDefaultMetrics({ register: registry });
  const instruments = new Map(metricList.map((declaration) => [declaration.name, instrument(declaration, registry)]));

  function record(type: MetricDeclaration['type'], name: string, value: number, labels: Labels): void {
    const found = instruments.get(name);
    const fault = faultOf(found, type, name, labels);
    if (fault === undefined) (found as Instrument).add(bounded(found as Instrument, labels), value);
    else if (strict) throw new UndeclaredMetricError(fault);
    else {
      const dropped = instruments.get('headrace_metrics_dropped_total') as Instrument;
      dropped.add(bounded(dropped, { name }), 1);
    }
  }

  function bounded({ seen }: Instrument, labels: Labels): Record<string, string> {
    const values: Record<string, string> = {};
    for (const [label, known] of seen) {
      const value = labels[label] ?? '';
      if (known.size < valuesPerLabel) known.add(value);
      values[label] = known.has(value) ? value : overflow;
    }
    return values;
  }

  return {
    metrics: {
      count: (name, labels = {}, by = 1) => record('counter', name, by, labels),
      gauge: (name, value, labels = {}) => record('gauge', name, value, labels),
      observe: (name, seconds, labels = {}) => record('histogram', name, seconds, labels),
    },
    registry,
  };
}

function instrument(declaration: MetricDeclaration, registry: Registry): Instrument {
  const { name, help, labels, buckets = [] } = declaration;
  const settings = { name, help, labelNames: [...labels], registers: [registry] };
  const seen = new Map(labels.map((label) => [label, new Set<string>()]));
  switch (declaration.type) {
    case 'counter': {
      const counter = new Counter(settings);
      for (const value of declaration.values ?? []) {
        const labelled = Object.fromEntries(labels.map((label) => [label, value]));
        counter.inc(labelled, 0);
        for (const known of seen.values()) known.add(value);
      }
      return { declaration, seen, add: (values, by) => counter.inc(values, by) };
    }
    case 'gauge': {
      const gauge = new Gauge(settings);
      // Of one that this process does not set, nothing is told, rather than 0.
      if (labels.length === 0) gauge.remove();
      return { declaration, seen, add: (values, value) => gauge.set(values, value) };
    }
    case 'histogram': {
      const histogram = new Histogram({ ...settings, buckets: [...buckets] });
      return { declaration, seen, add: (values, value) => histogram.observe(values, value) };
    }
  }
}

function faultOf(found: Instrument | undefined, type: MetricDeclaration['type'], name: string, labels: Labels): string | undefined {
  if (found === undefined) return `"${name}" is not declared`;
  const { declaration } = found;
  if (declaration.type !== type) return `"${name}" is declared as a ${declaration.type}, not a ${type}`;
  const unknown = Object.keys(labels).find((label) => !declaration.labels.includes(label));
  return unknown === undefined ? undefined : `"${name}" has no label "${unknown}"`;
}

export class UndeclaredMetricError extends Error {
  readonly code = 'HR_METRIC_UNDECLARED';
  constructor(fault: string) {
    super(`The metric ${fault}: declare it in packages/telemetry/src/metric-list.ts`);
    this.name = 'UndeclaredMetricError';
  }
}
