/**
 * MySQL's types ↔ column types. What MySQL has no type for (booleans, instants beyond 2038, decimals of any size) is kept in one that holds
 * every value, and the column's comment (`headrace:timestamptz`) says what it is.
 */
import { type ColumnType, decimalSize, elementType, isColumnType } from '@headrace/sdk';

/** What the protocol tells of a result column. */
export interface FieldFacts {
  readonly name: string;
  readonly columnType: number;
  readonly flags: number;
  readonly characterSet: number;
  readonly columnLength: number;
  readonly decimals: number;
  /** MariaDB only: `uuid`, `inet6` … */
  readonly extendedTypeName?: string;
  /** MariaDB only: `json`. */
  readonly extendedFormat?: string;
}

/** How a value is written in the text protocol. */
export type CellForm = 'plain' | 'text' | 'binary' | 'bits';

const UNSIGNED = 32;
const BINARY_CHARSET = 63;
const BIT = 16;
const FLOAT = 4;

const INTEGERS: Readonly<Record<number, readonly [signed: ColumnType, unsigned: ColumnType]>> = {
  1: ['int2', 'int2'],
  2: ['int2', 'int4'],
  3: ['int4', 'int8'],
  8: ['int8', 'decimal(20,0)'],
  9: ['int4', 'int4'],
  13: ['int2', 'int2'],
};

const PLAIN: Readonly<Record<number, ColumnType>> = {
  4: 'float4',
  5: 'float8',
  7: 'timestamptz',
  10: 'date',
  11: 'time',
  12: 'timestamp',
  14: 'date',
};

const DECIMALS: ReadonlySet<number> = new Set([0, 246]);
const JSON_TYPE = 245;
const NULL_TYPE = 6;

/** The column type that holds every value of a result column. */
export function columnTypeOfField(field: FieldFacts): ColumnType {
  const { columnType, flags, columnLength, decimals } = field;
  const integer = INTEGERS[columnType];
  if (integer) return integer[flags & UNSIGNED ? 1 : 0];
  if (DECIMALS.has(columnType)) {
    const precision = columnLength - (decimals > 0 ? 1 : 0) - (flags & UNSIGNED ? 0 : 1);
    return precision <= 38 && decimals <= precision ? `decimal(${precision},${decimals})` : 'numeric';
  }
  if (columnType === BIT) return columnLength === 1 ? 'boolean' : columnLength < 64 ? 'int8' : 'decimal(20,0)';
  if (columnType === JSON_TYPE || field.extendedFormat === 'json') return 'json';
  if (field.extendedTypeName === 'uuid') return 'uuid';
  const plain = PLAIN[columnType];
  if (plain) return plain;
  return field.characterSet === BINARY_CHARSET && columnType !== NULL_TYPE ? 'bytes' : 'text';
}

/** How the server writes its values. */
export function cellFormOf(field: FieldFacts): CellForm {
  const { columnType } = field;
  if (columnType === BIT) return 'bits';
  if (INTEGERS[columnType] !== undefined || DECIMALS.has(columnType) || PLAIN[columnType] !== undefined) return 'plain';
  return columnTypeOfField(field) === 'bytes' ? 'binary' : 'text';
}

/** The text protocol writes a FLOAT with six digits, which are too few; as a DOUBLE it has all. */
export function losesDigits(field: FieldFacts): boolean {
  return field.columnType === FLOAT;
}

const COMMENT = 'headrace:';

const NAMES: Readonly<Record<string, string>> = {
  boolean: 'tinyint(1)',
  int2: 'smallint',
  int4: 'int',
  int8: 'bigint',
  float4: 'float',
  float8: 'double',
  numeric: 'longtext',
  text: 'longtext',
  uuid: 'char(36)',
  json: 'longtext',
  bytes: 'longblob',
  date: 'date',
  time: 'time(6)',
  timestamp: 'datetime(6)',
  timestamptz: 'datetime(6)',
};

/** Texts and binaries that an index can hold. */
const KEYS: Readonly<Record<string, string>> = {
  numeric: 'varchar(255)',
  text: 'varchar(255)',
  bytes: 'varbinary(255)',
  json: 'varchar(255)',
};
/** Whose type alone does not say what they hold. */
const COMMENTED: ReadonlySet<ColumnType> = new Set(['boolean', 'numeric', 'uuid', 'json', 'timestamptz']);

/** The type of a new column, with its comment where the type does not say all. A list is kept as a JSON array of texts. */
export function mysqlType(type: ColumnType, key = false): string {
  const size = decimalSize(type);
  if (size) return `decimal(${size.precision},${size.scale})`;
  if (elementType(type)) return `longtext comment '${COMMENT}${type}'`;
  const name = (key ? KEYS[type] : undefined) ?? NAMES[type] ?? type;
  return COMMENTED.has(type) ? `${name} comment '${COMMENT}${type}'` : name;
}

/** What a comment says of a column, if it is one of ours. */
export function commentedType(comment: string): ColumnType | undefined {
  const type = comment.startsWith(COMMENT) ? comment.slice(COMMENT.length) : '';
  return isColumnType(type) && (COMMENTED.has(type) || elementType(type)) ? type : undefined;
}
