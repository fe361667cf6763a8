import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { airflowMetrics } from '../src/airflow-metrics.ts';
import { createMetrics, metricList, startMetricsServer, UndeclaredMetricError } from '../src/index.ts';
import { metricsDocument } from '../src/metrics-document.ts';

/** `name{label="value"}`, the name perhaps with what a histogram adds. */
function isDeclared(series: string): boolean {
  const [, name = '', label] = /^(\w+?)(?:\{(\w+)="\w+"\})?$/.exec(series) ?? [];
  const found = metricList.find((one) => one.name === name || (one.type === 'histogram' && name.replace(/_(count|sum)$/, '') === one.name));
  return found !== undefined && (label === undefined || found.labels.includes(label));
}

describe('the list of metrics', () => {
  test('follows the conventions of Prometheus', () => {
    for (const { name, type, labels, buckets, help } of metricList) {
      expect(name).toMatch(/^headrace_[a-z][a-z_]*[a-z]$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      for (const label of labels) expect(label).toMatch(/^[a-z][a-z_]*$/);
      expect(buckets !== undefined).toBe(type === 'histogram');
      expect([...(buckets ?? [])].sort((a, b) => a - b)).toEqual(buckets ?? []);
      expect(help).toMatch(/\.$/);
    }
    expect(new Set(metricList.map(({ name }) => name)).size).toBe(metricList.length);
  });

  test('is what docs/metrics.md says', () => {
    const document = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    expect(document).toBe(metricsDocument(metricList, airflowMetrics));
  });

  test('has what Airflow has, under names and labels that are declared, or says why not', () => {
    expect(new Set(airflowMetrics.map(({ airflow }) => airflow)).size).toBe(airflowMetrics.length);
    expect(airflowMetrics.length).toBeGreaterThan(60);
    const wrong = airflowMetrics.flatMap(({ ours }) => ('none' in ours ? [] : ours.filter((one) => !isDeclared(one))));
    expect(wrong).toEqual([]);
  });
});

describe('metrics', () => {
  test('are counted, set and observed under their labels', async () => {
    const { metrics, registry } = createMetrics({ process: false });
    metrics.count('headrace_runs_finished_total', { dag_id: 'd', state: 'success' });
    metrics.count('headrace_runs_finished_total', { dag_id: 'd', state: 'success' }, 2);
    metrics.gauge('headrace_queue_depth', 7, { queue: 'load' });
    metrics.observe('headrace_decision_seconds', 0.003);
    const text = await registry.metrics();
    expect(text).toContain('headrace_runs_finished_total{dag_id="d",state="success"} 3');
    expect(text).toContain('headrace_queue_depth{queue="load"} 7');
    expect(text).toContain('headrace_decision_seconds_bucket{le="0.005"} 1');
    expect(text).toContain('headrace_decision_seconds_bucket{le="0.0025"} 0');
  });

  test('of which all series are known are there from the start, and gauges only when they are set', async () => {
    const { metrics, registry } = createMetrics({ process: false });
    expect(await registry.metrics()).toContain('headrace_attempts_lost_total{reason="lease_expired"} 0');
    expect(await registry.metrics()).not.toMatch(/^headrace_workers /m);
    metrics.gauge('headrace_workers', 0);
    expect(await registry.metrics()).toMatch(/^headrace_workers 0$/m);
  });

  test('that are not declared throw', () => {
    const { metrics } = createMetrics({ process: false, strict: true });
    expect(() => metrics.count('headrace_typo_total')).toThrow(UndeclaredMetricError);
    expect(() => metrics.gauge('headrace_dispatched_total', 1)).toThrow(/counter, not a gauge/);
    expect(() => metrics.count('headrace_dispatched_total', { user: 'x' })).toThrow(/no label "user"/);
  });

  test('that are not declared are counted as dropped in production', async () => {
    const { metrics, registry } = createMetrics({ process: false, strict: false });
    metrics.count('headrace_typo_total');
    expect(await registry.metrics()).toContain('headrace_metrics_dropped_total{name="headrace_typo_total"} 1');
  });

  test('count label values beyond the bound together', async () => {
    const { metrics, registry } = createMetrics({ process: false, valuesPerLabel: 2 });
    for (const queue of ['a', 'b', 'c', 'd', 'a']) metrics.count('headrace_attempts_started_total', { queue });
    const text = await registry.metrics();
    expect(text.match(/headrace_attempts_started_total\{queue="\w+"\} \d/g)).toEqual([
      'headrace_attempts_started_total{queue="a"} 2',
      'headrace_attempts_started_total{queue="b"} 1',
      'headrace_attempts_started_total{queue="other"} 2',
    ]);
  });
});

describe('the metrics server', () => {
  test('answers metrics and health on the port it says', async () => {
    const { registry } = createMetrics();
    let health = { live: true, ready: true, details: { slots: 4 } };
    const server = await startMetricsServer({ port: 0, host: '127.0.0.1', registry, health: () => health });
    const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    try {
      const metrics = await get('/metrics');
      expect(metrics.headers.get('content-type')).toContain('text/plain');
      expect(await metrics.text()).toContain('process_resident_memory_bytes');
      expect(await (await get('/health')).json()).toEqual(health);
      health = { ...health, ready: false };
      expect((await get('/ready')).status).toBe(503);
      expect((await get('/health/ready')).status).toBe(503);
      expect((await get('/health/live?probe=1')).status).toBe(200);
      health = { ...health, live: false };
      expect((await get('/health/live')).status).toBe(503);
      expect((await get('/other')).status).toBe(404);
      expect((await get('/metrics', 'POST')).status).toBe(405);
      await expect(startMetricsServer({ port: server.port, host: '127.0.0.1', registry, health: () => health })).rejects.toThrow(
        /EADDRINUSE/,
      );
    } finally {
      await server.close();
    }
  });

  test('answers 500 when health cannot be told', async () => {
    const { registry } = createMetrics({ process: false });
    const health = () => Promise.reject(new Error('no database'));
    const server = await startMetricsServer({ port: 0, host: '127.0.0.1', registry, health });
    const response = await fetch(`http://127.0.0.1:${server.port}/health`);
    expect(response.status).toBe(500);
    await server.close();
  });
});
