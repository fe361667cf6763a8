/**
 * What the dashboards are made of: panels in rows of 24 columns, one query language, one look. Grafana's own JSON is written from this, so
 * that a person can read what is shown, and a test can ask each expression.
 */

export interface Query {
  /** PromQL. `$__rate_interval` is Grafana's. */
  readonly expr: string;
  /** How the series are named: `{{queue}}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What a person should see in it. */
  readonly about: string;
  readonly kind: 'timeseries' | 'stat' | 'bars' | 'table';
  readonly unit: 'short' | 's' | 'bytes' | 'percentunit' | 'ops' | 'dtdurations';
  readonly queries: readonly Query[];
  /** Columns, of 24. */
  readonly width: number;
  readonly height?: number;
  /** From the good one up: values from which on the colour changes. */
  readonly thresholds?: readonly { readonly from: number; readonly colour: 'green' | 'orange' | 'red' }[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** Also the name of its file. */
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly variables?: readonly { readonly name: string; readonly label: string; readonly values: string }[];
  readonly rows: readonly Row[];
}

type Measures = Pick<Panel, 'width' | 'height' | 'thresholds'>;

/** One number: how it is now. */
export const stat = (title: string, about: string, expr: string, unit: Panel['unit'] = 'short', more: Partial<Measures> = {}): Panel => ({
  title,
  about,
  kind: 'stat',
  unit,
  queries: [{ expr, legend: '' }],
  width: 4,
  height: 4,
  ...more,
});

/** Lines over time. */
export const lines = (
  title: string,
  about: string,
  unit: Panel['unit'],
  queries: readonly (readonly [expr: string, legend: string])[],
  more: Partial<Measures> = {},
): Panel => ({ title, about, kind: 'timeseries', unit, queries: queries.map(([expr, legend]) => ({ expr, legend })), width: 12, ...more });

/** Amounts stacked over time. */
export const bars = (...given: Parameters<typeof lines>): Panel => ({ ...lines(...given), kind: 'bars' });

/** Rows, the greatest first. */
export const table = (title: string, about: string, expr: string, unit: Panel['unit'] = 'short', more: Partial<Measures> = {}): Panel => ({
  title,
  about,
  kind: 'table',
  unit,
  queries: [{ expr, legend: '' }],
  width: 12,
  ...more,
});

/** Several quantiles of one histogram. `by`: what is told apart. */
export function quantiles(metric: string, selector = '', by = ''): readonly (readonly [string, string])[] {
  const labels = by === '' ? 'le' : `${by}, le`;
  const name = by === '' ? '' : ` {{${by}}}`;
  return (['0.5', '0.95', '0.99'] as const)
    .slice(by === '' ? 0 : 1, by === '' ? 3 : 2)
    .map((quantile) => [
      `histogram_quantile(${quantile}, sum by (${labels}) (rate(${metric}_bucket${selector}[$__rate_interval])))`,
      `p${Number(quantile) * 100}${name}`,
    ]);
}

/** Events a second, told apart by a label. */
export function rate(metric: string, by: string, selector = ''): readonly [string, string] {
  return [`sum by (${by}) (rate(${metric}${selector}[$__rate_interval]))`, `{{${by.split(', ').join('}} {{')}}}`];
}

/** What several schedulers report alike. */
export function greatest(metric: string, by = '', selector = ''): readonly [string, string] {
  return by === '' ? [`max(${metric}${selector})`, ''] : [`max by (${by}) (${metric}${selector})`, `{{${by.split(', ').join('}} {{')}}}`];
}
