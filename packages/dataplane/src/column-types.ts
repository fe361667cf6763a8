/**
 * Column types ↔ DuckDB's types, and the casts between them that keep every value.
 *
 * C1. What is stored in Parquet has exactly one storage type per column type; `numeric` is stored as its text.
 * C2. A cast is allowed only when no value can change; one that may not fit is checked by DuckDB value by value, one that would
 *     round is refused here.
 */
import { type Column, type ColumnType, decimalSize, elementType, type ScalarType } from '@headrace/sdk';
import { ident, literal } from './duckdb.ts';
import { DataError, TypeMismatchError } from './errors.ts';

const STORAGE: Readonly<Record<string, string>> = {
  boolean: 'BOOLEAN',
  int2: 'SMALLINT',
  int4: 'INTEGER',
  int8: 'BIGINT',
  float4: 'FLOAT',
  float8: 'DOUBLE',
  numeric: 'VARCHAR',
  text: 'VARCHAR',
  uuid: 'UUID',
  json: 'JSON',
  bytes: 'BLOB',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
};

/** The DuckDB type in which a column type is stored. */
export function storageType(type: ColumnType): string {
  const element = elementType(type);
  if (element) return `${storageType(element)}[]`;
  const size = decimalSize(type);
  if (size) return `DECIMAL(${size.precision},${size.scale})`;
  return STORAGE[type] ?? 'VARCHAR';
}

const FROM_DUCK: Readonly<Record<string, ColumnType>> = {
  BOOLEAN: 'boolean',
  TINYINT: 'int2',
  SMALLINT: 'int2',
  UTINYINT: 'int2',
  INTEGER: 'int4',
  USMALLINT: 'int4',
  BIGINT: 'int8',
  UINTEGER: 'int8',
  UBIGINT: 'decimal(20,0)',
  HUGEINT: 'decimal(38,0)',
  FLOAT: 'float4',
  DOUBLE: 'float8',
  VARCHAR: 'text',
  UUID: 'uuid',
  JSON: 'json',
  BLOB: 'bytes',
  DATE: 'date',
  TIME: 'time',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
};

/** The column type that holds every value of a DuckDB type. Throws DataError for a type that has none. */
export function columnTypeOf(duckType: string, column: string): ColumnType {
  const known = FROM_DUCK[duckType];
  if (known) return known;
  if (/^DECIMAL\(\d+,\d+\)$/.test(duckType)) return duckType.toLowerCase() as ColumnType;
  if (duckType.startsWith('ENUM(')) return 'text';
  const element = /^(.*)\[\]$/.exec(duckType)?.[1];
  if (element !== undefined && (FROM_DUCK[element] || /^DECIMAL\(\d+,\d+\)$/.test(element)))
    return `${columnTypeOf(element, column)}[]` as ColumnType;
  if (/^(STRUCT|MAP)\(|\[\d*\]$/.test(duckType)) return 'json';
  throw new DataError(
    'HR_TYPE_UNSUPPORTED',
    `Column "${column}" has the type ${duckType}, which cannot be kept exactly. Cast it to another type in the SQL`,
  );
}

/** An expression for the column as it is stored. */
export function storageExpression(column: string, duckType: string, type: ColumnType, where: string): string {
  const name = ident(column);
  const storage = storageType(type);
  if (duckType.replace('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ') === storage) return name;
  if (storage === 'JSON') return duckType === 'VARCHAR' ? `${name}::json as ${name}` : `to_json(${name}) as ${name}`;
  if (isExact(duckType, type)) return `${name}::${storage} as ${name}`;
  throw new TypeMismatchError(
    `${where}: column "${column}" is ${duckType.toLowerCase()}, which cannot become ${type} without losing part of some values. Say in the SQL what is meant, for example round(${column}, 2)::decimal(18,2)`,
  );
}

/** Whether a cast keeps the value or fails: never rounds, cuts or shifts it. */
function isExact(duckType: string, type: ColumnType): boolean {
  const target = decimalSize(type);
  const element = elementType(type);
  if (element)
    return duckType.endsWith('[]') && (duckType.slice(0, -2) === storageType(element) || isExact(duckType.slice(0, -2), element));
  if (type === 'text') return true;
  if (type === 'numeric') return INTEGERS.has(duckType) || duckType.startsWith('DECIMAL(');
  if (type === 'float8') return duckType === 'FLOAT' || duckType === 'TINYINT' || duckType === 'SMALLINT' || duckType === 'INTEGER';
  if (type === 'int2' || type === 'int4' || type === 'int8') return INTEGERS.has(duckType) || /^DECIMAL\(\d+,0\)$/.test(duckType);
  if (target) {
    const from = /^DECIMAL\(\d+,(\d+)\)$/.exec(duckType);
    return INTEGERS.has(duckType) || (from !== null && Number(from[1]) <= target.scale);
  }
  if (duckType === 'VARCHAR') return type === 'date' || type === 'uuid' || type === 'boolean';
  if (type === 'timestamp') return duckType === 'DATE' || duckType === 'TIMESTAMP_S' || duckType === 'TIMESTAMP_MS';
  return false;
}

const INTEGERS: ReadonlySet<string> = new Set([
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'HUGEINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'UBIGINT',
]);

/**
 * An expression that makes a value of text, as PostgreSQL, CSV and XML write it (a list as a JSON array of such texts), and fails with
 * the record, the column, the type and the value when it is none. `text` and `record` are expressions of type VARCHAR.
 */
export function parseExpression(text: string, column: Column, record = `''`): string {
  if (column.type === 'text') return text;
  const refuse = `error(${literal(MISMATCH_MARK)} || ${record} || ${literal(`column "${column.name}" is declared ${column.type}, but the value is: `)} || substr(${text}, 1, 200))`;
  const { type } = column;
  // Most texts are written just as DuckDB writes the value: to compare costs less than to match, and only for others is more looked at.
  const asWritten = formOf(type) === undefined ? '' : ` when ${isAsWritten(text, type)} then cast(${text} as ${storageType(type)})`;
  return `case when ${text} is null then null${asWritten} when ${validExpression(text, column)} then ${convertExpression(text, column)} else ${refuse} end`;
}

/** True, or null or false, for a text that is exactly what DuckDB writes for its value. */
function isAsWritten(text: string, type: ColumnType): string {
  return `try_cast(${text} as ${storageType(type)})::varchar = ${text}`;
}

/** Marks the text of an error that `parseExpression` raises. */
export const MISMATCH_MARK = 'HR_TYPE_MISMATCH ';

/**
 * Whether a text that is not null is a value of the column's type, all of it: a cast alone would round `1.5` to an integer, cut a time
 * off a date and a zone off a timestamp, drop digits below the microsecond and make an infinity of `1e400`.
 */
export function validExpression(text: string, column: Column): string {
  const { type } = column;
  const element = elementType(type);
  if (element) return validList(text, element);
  if (type === 'text') return 'true';
  if (type === 'numeric') return matches(text, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|-?Infinity');
  if (type === 'bytes') return matches(text, '\\\\x([0-9a-fA-F]{2})*');
  if (type === 'json') return `json_valid(${text})`;
  const cast = `try_cast(${eraFirst(text, type)} as ${storageType(type)})`;
  const form = formOf(type);
  if (form === undefined) return `${cast} is not null`;
  const whole = `${cast} is not null and ${matches(text, `\\s*(?:${form})\\s*`)}`;
  const finite =
    type === 'float4' || type === 'float8' ? ` and (not isinf(${cast}) or ${matches(text, '\\s*[+-]?(?i:inf(inity)?)\\s*')})` : '';
  return `(coalesce(${isAsWritten(text, type)}, false) or (${whole}${finite}))`;
}

/** DuckDB wants `(BC)` right after the day, and reads past a `BC` at the end. */
function eraFirst(text: string, type: ColumnType): string {
  if (type !== 'date' && type !== 'timestamp' && type !== 'timestamptz') return text;
  return `case when suffix(${text}, 'BC') then regexp_replace(${text}, '^([0-9]+-[0-9]+-[0-9]+)(.*) BC$', '\\1 (BC)\\2') else ${text} end`;
}

function matches(text: string, pattern: string): string {
  return `regexp_full_match(${text}, ${literal(pattern)})`;
}

const DAY = '[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}';
const CLOCK = '[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6}0*)?)?';
const ERA = '( (\\(BC\\)|BC))?';

/** What the whole text of a value looks like; undefined where the cast takes nothing else. */
function formOf(type: ColumnType): string | undefined {
  const size = decimalSize(type);
  if (size) return `[+-]?([0-9]+\\.?[0-9]{0,${size.scale}}0*|\\.[0-9]{1,${Math.max(size.scale, 1)}}0*)`;
  switch (type) {
    case 'int2':
    case 'int4':
    case 'int8':
      return '[+-]?[0-9]+';
    case 'float4':
    case 'float8':
      return '[+-]?(([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:inf(inity)?|nan))';
    case 'date':
      return `${DAY}${ERA}`;
    case 'time':
      return CLOCK;
    case 'timestamp':
      return `${DAY}([ Tt]${CLOCK})?[Zz]?${ERA}`;
    case 'timestamptz':
      return `${DAY}([ Tt]${CLOCK})? ?([Zz]|UTC|[+-][0-9]{2}(:?[0-9]{2}(:?[0-9]{2})?)?)?${ERA}`;
    default:
      return undefined;
  }
}

/** A JSON array whose elements are values. Numbers with a point in it must be texts: as JSON numbers they would be rounded. */
function validList(text: string, element: ScalarType): string {
  const refused = element === 'json' ? [] : ['ARRAY', 'OBJECT'];
  if (element === 'numeric' || decimalSize(element)) refused.push('DOUBLE');
  const kinds =
    refused.length === 0 ? '' : ` and not list_has_any(json_type(${text}, '$[*]'), [${refused.map((kind) => literal(kind)).join(', ')}])`;
  const wrong = `list_filter(${listOf(text)}, lambda e: e is not null and not ${validExpression('e', { name: '', type: element })})`;
  return `(case when json_valid(${text}) and json_type(${text}) = 'ARRAY'${kinds} then len(${wrong}) = 0 else false end)`;
}

function listOf(text: string): string {
  return `from_json(${text}, '["VARCHAR"]')`;
}

/** An expression for the exact text of a value, as `parseExpression` reads it. */
export function textExpression(value: string, type: ColumnType): string {
  const element = elementType(type);
  if (element) return `to_json(list_transform(${value}, lambda e: ${textExpression('e', element)}))::varchar`;
  if (type === 'bytes') return `'\\x' || lower(hex(${value}))`;
  if (type === 'date' || type === 'timestamp' || type === 'timestamptz') return `replace(${value}::varchar, ' (BC)', ' BC')`;
  return `${value}::varchar`;
}

function convertExpression(text: string, column: Column): string {
  const element = elementType(column.type);
  if (element) return `list_transform(${listOf(text)}, lambda e: ${convertExpression('e', { name: column.name, type: element })})`;
  if (column.type === 'numeric') return text;
  if (column.type === 'bytes') return `unhex(substr(${text}, 3))`;
  return `cast(${eraFirst(text, column.type)} as ${storageType(column.type)})`;
}
