import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricList } from '@headrace/telemetry';
import { describe, expect, test } from '@jest/globals';
import { ROOT, sourceFiles } from './workspace.ts';

/** What counts what others leave out is counted by the registry itself. */
const OF_THE_REGISTRY = 'headrace_metrics_dropped_total';

const emitters = sourceFiles('packages/*/src', 'apps/*/src').filter((file) => !file.startsWith('packages/telemetry/'));
const named = new Set(emitters.flatMap((file) => readFileSync(join(ROOT, file), 'utf8').match(/\bheadrace_[a-z_]*[a-z]\b/g) ?? []));

describe('the list of metrics', () => {
  test('promises nothing that no process emits', () => {
    const silent = metricList.map(({ name }) => name).filter((name) => name !== OF_THE_REGISTRY && !named.has(name));
    expect(silent).toEqual([]);
  });

  test('has every metric that is emitted', () => {
    const call = /\bmetrics\??\.(?:count|gauge|observe)\(\s*'([^']+)'/g;
    const emitted = emitters.flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(call)].map(([, name]) => name as string),
    );
    expect(emitted.length).toBeGreaterThan(20);
    const declared = new Set(metricList.map(({ name }) => name));
    expect(emitted.filter((name) => !declared.has(name))).toEqual([]);
  });
});
