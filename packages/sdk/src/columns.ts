/**
 * The column types of the data plane, as names. They are a promise about values: what has a type here arrives at the other
 * end of a pipeline as the same value, through Parquet, DuckDB and PostgreSQL, and never through a JavaScript number.
 *
 * `numeric` is a decimal of any size (kept as its exact text in Parquet); `decimal(p,s)` has at most 38 digits, s of them
 * after the point; `timestamp` and `time` have microseconds and no zone; `timestamptz` is an instant with microseconds.
 * `int8[]` is a list of such values, of one dimension, in which any element may be null.
 */
export type ColumnType = ScalarType | `${ScalarType}[]`;

export type ScalarType =
  | 'boolean'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'float4'
  | 'float8'
  | 'numeric'
  | `decimal(${number},${number})`
  | 'text'
  | 'uuid'
  | 'json'
  | 'bytes'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz';

/** Column name → type, in the order of the columns. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** The names of declared columns; any string where none are declared. */
export type ColumnName<C extends Columns> = keyof C & string;

/** The columns of `C` and those of `D`; where `C` is not declared, neither is the sum. */
export type WithColumns<C extends Columns, D extends Columns> = string extends keyof C ? Columns : C & D;

/** A column as a result names it. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

const SIMPLE: ReadonlySet<string> = new Set([
  'boolean',
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'text',
  'uuid',
  'json',
  'bytes',
  'date',
  'time',
  'timestamp',
  'timestamptz',
]);

/** Whether a string names a column type. `decimal` needs 1 ≤ p ≤ 38 and 0 ≤ s ≤ p. */
export function isColumnType(name: string): name is ColumnType {
  return isScalarType(elementType(name) ?? name);
}

/** What a list holds: `int8` for `int8[]`; undefined for a type that is no list. */
export function elementType(type: string): ScalarType | undefined {
  return type.endsWith('[]') ? (type.slice(0, -2) as ScalarType) : undefined;
}

function isScalarType(name: string): name is ScalarType {
  if (SIMPLE.has(name)) return true;
  const size = decimalSize(name);
  return size !== undefined && size.precision >= 1 && size.precision <= 38 && size.scale <= size.precision;
}

/** Digits of a `decimal(p,s)`; undefined for any other type. */
export function decimalSize(type: string): { readonly precision: number; readonly scale: number } | undefined {
  const match = /^decimal\((\d{1,2}),\s*(\d{1,2})\)$/.exec(type);
  return match ? { precision: Number(match[1]), scale: Number(match[2]) } : undefined;
}

/**
 * Checks a column declaration when a DAG is built.
 * Throws TypeError that names the column.
 */
export function assertColumns(columns: Columns, where: string): void {
  const names = Object.keys(columns);
  if (names.length === 0) throw new TypeError(`${where}: "columns" is empty; leave it out or name at least one column`);
  for (const name of names) {
    const type: string = columns[name] ?? '';
    if (!isColumnType(type)) {
      throw new TypeError(
        `${where}: column "${name}" has the unknown type "${type}"; use one of ${[...SIMPLE].join(', ')} or decimal(p,s) with p up to 38, each also as a list, for example int8[]`,
      );
    }
  }
}
