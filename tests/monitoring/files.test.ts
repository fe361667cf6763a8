/** Rules and dashboards: they are good PromQL, ask for what there is, and tell people what to do. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { metricList } from '@headrace/telemetry';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { dashboardFiles, dashboards } from '../../packages/telemetry/scripts/dashboards/all.ts';
import { promtool } from '../support/prometheus-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const prometheus = join(root, 'docker/prometheus');
const grafana = join(root, 'docker/grafana');
const runbook = readFileSync(join(root, 'docs/monitoring.md'), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

function rulesOf(file: string): readonly Rule[] {
  const { groups } = parse(readFileSync(join(prometheus, 'rules', file), 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

const alerts = rulesOf('alerts.yml');
const recorded = rulesOf('recording.yml');

/** Names of series of ours, and of Node's, in an expression. */
function namesIn(expr: string): readonly string[] {
  const bare = expr.replaceAll(/"[^"]*"/g, '""').replaceAll(/\{[^}]*\}/g, '');
  return bare.match(/\b(?:\w+:)?headrace[\w:]*|\b(?:nodejs|process)_\w+/g) ?? [];
}

const known = new Set([
  ...metricList.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])),
  ...recorded.map(({ record }) => record),
  'nodejs_eventloop_lag_p99_seconds',
  'process_resident_memory_bytes',
]);

const expressions = dashboards.flatMap(({ rows, title }) =>
  rows.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries.map(({ expr }) => ({ where: `${title}: ${panel.title}`, expr })))),
);

describe('the rules', () => {
  test('are good, and fire when they should, and only then', async () => {
    for (const [args, folder] of [
      [['check', 'config', 'prometheus.yml'], prometheus],
      [['check', 'rules', 'rules/alerts.yml', 'rules/recording.yml'], prometheus],
      [['test', 'rules', 'alerts.test.yml'], join(prometheus, 'tests')],
    ] as const) {
      const { ok, output } = await promtool(args, folder);
      expect(ok ? '' : output).toBe('');
    }
    const tested = readFileSync(join(prometheus, 'tests/alerts.test.yml'), 'utf8');
    expect(alerts.filter(({ alert }) => !tested.includes(`alertname="${alert}"`)).map(({ alert }) => alert)).toEqual([]);
  }, 30_000);

  test('ask for what is measured', () => {
    const unknown = [...alerts, ...recorded].flatMap(({ expr }) => namesIn(expr)).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
    expect(namesIn('sum(headrace_no_such{a="headrace_b"})')).toEqual(['headrace_no_such']);
  });

  test('say how urgent it is, what it is, and what to do, under an anchor that is there', () => {
    expect(alerts.length).toBeGreaterThan(25);
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const { alert = '', labels, annotations = {} } of alerts) {
      expect(['critical', 'warning', 'info']).toContain(labels?.severity);
      expect(annotations.summary).toMatch(/\w{4}/);
      expect(annotations.description).toMatch(/\.$/);
      expect(annotations.runbook).toBe(`docs/monitoring.md#${alert.toLowerCase()}`);
      expect(runbook).toContain(`\n#### ${alert}\n`);
    }
    const sections = [...runbook.matchAll(/^#### (\w+)$/gm)].map(([, name]) => name);
    expect(sections.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });
});

describe('the dashboards', () => {
  test('are what is written from their source', () => {
    const files = dashboardFiles();
    expect(readdirSync(join(grafana, 'dashboards')).sort()).toEqual([...files.keys()].sort());
    for (const [name, text] of files) expect(readFileSync(join(grafana, 'dashboards', name), 'utf8')).toBe(text);
  });

  test('ask in good PromQL for what is measured', async () => {
    expect(expressions.length).toBeGreaterThan(60);
    expect(expressions.filter(({ expr }) => namesIn(expr).length === 0)).toEqual([]);
    expect(
      expressions.flatMap(({ where, expr }) => namesIn(expr).map((name) => [where, name] as const)).filter(([, name]) => !known.has(name)),
    ).toEqual([]);
    const rules = expressions.map(({ expr }, index) => ({
      record: `asked:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, '.*'),
    }));
    const folder = mkdtempSync(join(tmpdir(), 'headrace-dashboards-'));
    try {
      writeFileSync(join(folder, 'asked.yml'), JSON.stringify({ groups: [{ name: 'asked', rules }] }));
      const { ok, output } = await promtool(['check', 'rules', '--lint=none', 'asked.yml'], folder);
      expect(ok ? '' : output).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('name labels that their metrics have', () => {
    const labels = new Map(metricList.map((metric) => [metric.name, new Set([...metric.labels, 'job', 'instance', 'le'])]));
    const wrong = [...expressions, ...[...alerts, ...recorded].map(({ expr }) => ({ where: 'rules', expr }))].flatMap(({ where, expr }) =>
      [...expr.matchAll(/\b(headrace_\w+?)(?:_bucket|_count|_sum)?\{([^}]*)\}/g)].flatMap(([, name = '', selector = '']) =>
        [...selector.matchAll(/(\w+)\s*[=!]/g)]
          .filter(([, label = '']) => labels.get(name)?.has(label) !== true)
          .map(([, label]) => [where, name, label]),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('have places that do not overlap, and ids of their own', () => {
    for (const [, text] of dashboardFiles()) {
      const { panels, uid } = JSON.parse(text) as {
        uid: string;
        panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[];
      };
      const taken = new Set<string>();
      for (const { gridPos } of panels) {
        expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect([uid, taken.has(`${x} ${y}`)]).toEqual([uid, false]);
            taken.add(`${x} ${y}`);
          }
        }
      }
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    }
  });

  test('are found by Grafana where they are mounted', () => {
    const provider = parse(readFileSync(join(grafana, 'provisioning/dashboards/headrace.yml'), 'utf8')) as {
      providers: { options: { path: string } }[];
    };
    const source = parse(readFileSync(join(grafana, 'provisioning/datasources/prometheus.yml'), 'utf8')) as {
      datasources: { uid: string; url: string }[];
    };
    const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
    expect(compose).toContain(`./docker/grafana/dashboards:${provider.providers[0]?.options.path}:ro`);
    expect(compose).toContain('./docker/grafana/provisioning:/etc/grafana/provisioning:ro');
    expect(source.datasources).toMatchObject([{ uid: 'prometheus', url: 'http://prometheus:9090' }]);
    for (const [, text] of dashboardFiles()) expect(text).toContain('"uid": "prometheus"');
  });
});
