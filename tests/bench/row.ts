/** One line of the benchmark's report. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, measured in the same run. */
  readonly reference?: number;
  /** value ÷ reference. */
  readonly ratio?: number;
  /** What must hold, for people: `ratio >= 0.25`. */
  readonly bar?: string;
  readonly ok?: boolean;
}

type Bound = { readonly atLeast: number } | { readonly atMost: number };

/** A row whose value itself must keep a bound. */
export function bounded(name: string, value: number, unit: string, bound: Bound): Row {
  return { name, value, unit, ...verdict(value, 'value', bound) };
}

/** A row whose ratio to a reference must keep a bound. */
export function compared(name: string, value: number, unit: string, reference: number, bound?: Bound): Row {
  const ratio = value / reference;
  return { name, value, unit, reference, ratio, ...(bound === undefined ? {} : verdict(ratio, 'ratio', bound)) };
}

function verdict(measured: number, what: string, bound: Bound): { bar: string; ok: boolean } {
  return 'atLeast' in bound
    ? { bar: `${what} >= ${bound.atLeast}`, ok: measured >= bound.atLeast }
    : { bar: `${what} <= ${bound.atMost}`, ok: measured <= bound.atMost };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which that share of the values lies; between two values, the upper. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('no values were measured');
  return value;
}

export function printRows(rows: readonly Row[]): void {
  for (const row of rows) {
    const verdict = row.ok === undefined ? '' : row.ok ? 'ok' : 'MISSED';
    const ratio = row.ratio === undefined ? '' : `ratio ${shown(row.ratio)} (reference ${shown(row.reference ?? Number.NaN)})`;
    console.log(
      `${row.name.padEnd(52)} ${shown(row.value).padStart(10)} ${row.unit.padEnd(8)} ${ratio.padEnd(38)} ${(row.bar ?? '').padEnd(16)} ${verdict}`,
    );
  }
}

function shown(value: number): string {
  return value >= 1_000 ? String(Math.round(value)) : value.toPrecision(3);
}
