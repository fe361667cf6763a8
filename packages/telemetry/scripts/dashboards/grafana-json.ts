/** A dashboard as Grafana reads it from a file. Panels get their places from left to right, row by row. */
import type { Dashboard, Panel } from './panels.ts';

const COLUMNS = 24;
const HEIGHT = 8;
const SOURCE = { type: 'prometheus', uid: 'prometheus' };

export function grafanaJson(dashboard: Dashboard): string {
  const { uid, title, about, variables = [], rows } = dashboard;
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let highest = 0;
    for (const panel of row.panels) {
      const { width, height = HEIGHT } = panel;
      if (x + width > COLUMNS) {
        x = 0;
        y += highest;
        highest = 0;
      }
      panels.push(panelJson(panel, panels.length + 1, { x, y, w: width, h: height }));
      x += width;
      highest = Math.max(highest, height);
    }
    y += highest;
  }
  const document = {
    uid,
    title,
    description: about,
    tags: ['headrace'],
    timezone: 'browser',
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 41,
    version: 1,
    time: { from: 'now-6h', to: 'now' },
    links: [{ type: 'dashboards', title: 'Headrace', tags: ['headrace'], asDropdown: true, includeVars: true, keepTime: true }],
    templating: { list: variables.map(variableJson) },
    annotations: { list: [] },
    panels,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function panelJson({ title, about, kind, unit, queries, thresholds }: Panel, id: number, gridPos: object): object {
  return {
    id,
    type: { timeseries: 'timeseries', bars: 'timeseries', stat: 'stat', table: 'table' }[kind],
    title,
    description: about,
    datasource: SOURCE,
    gridPos,
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend === '' ? title : legend,
      ...(kind === 'table' ? { instant: true, format: 'table' } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        color: kind === 'stat' ? { mode: 'thresholds' } : { mode: 'palette-classic' },
        thresholds: {
          mode: 'absolute',
          steps: [{ color: 'green', value: null }, ...(thresholds ?? []).map(({ from, colour }) => ({ color: colour, value: from }))],
        },
        custom: customOf(kind),
      },
      overrides: [],
    },
    options: optionsOf(kind),
    ...(kind === 'table' ? { transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }] } : {}),
  };
}

function customOf(kind: Panel['kind']): object {
  if (kind === 'timeseries') return { drawStyle: 'line', lineWidth: 1, fillOpacity: 8, showPoints: 'never' };
  if (kind === 'bars') return { drawStyle: 'bars', fillOpacity: 70, lineWidth: 0, stacking: { mode: 'normal', group: 'A' } };
  return {};
}

function optionsOf(kind: Panel['kind']): object {
  if (kind === 'stat') return { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value', graphMode: 'area' };
  if (kind === 'table') return { showHeader: true, sortBy: [{ displayName: 'Value', desc: true }] };
  return { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } };
}

function variableJson({ name, label, values }: NonNullable<Dashboard['variables']>[number]): object {
  return {
    name,
    label,
    type: 'query',
    datasource: SOURCE,
    query: { query: values, refId: 'values' },
    definition: values,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { selected: true, text: ['All'], value: ['$__all'] },
  };
}
