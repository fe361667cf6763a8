/** PostgreSQL's types ↔ column types. What has no type of its own travels as PostgreSQL's text of it. */
import { type ColumnType, decimalSize, elementType } from '@headrace/sdk';

const BY_OID: Readonly<Record<number, ColumnType>> = {
  16: 'boolean',
  17: 'bytes',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  26: 'int8',
  114: 'json',
  700: 'float4',
  701: 'float8',
  1082: 'date',
  1083: 'time',
  1114: 'timestamp',
  1184: 'timestamptz',
  2950: 'uuid',
  3802: 'json',
  199: 'json[]',
  1000: 'boolean[]',
  1001: 'bytes[]',
  1005: 'int2[]',
  1007: 'int4[]',
  1009: 'text[]',
  1015: 'text[]',
  1016: 'int8[]',
  1021: 'float4[]',
  1022: 'float8[]',
  1115: 'timestamp[]',
  1182: 'date[]',
  1183: 'time[]',
  1185: 'timestamptz[]',
  2951: 'uuid[]',
  3807: 'json[]',
};

const NUMERIC = 1700;
const NUMERIC_ARRAY = 1231;

/** The column type of a result column, by its type's oid and modifier (which holds the digits of `numeric(p,s)`). */
export function columnTypeOfField(oid: number, modifier: number): ColumnType {
  if (oid === NUMERIC_ARRAY) return `${columnTypeOfField(NUMERIC, modifier)}[]` as ColumnType;
  if (oid !== NUMERIC) return BY_OID[oid] ?? 'text';
  if (modifier < 4) return 'numeric';
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // Since PostgreSQL 15 the scale has 11 bits and a sign.
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  return precision <= 38 && scale >= 0 && scale <= precision ? `decimal(${precision},${scale})` : 'numeric';
}

const NAMES: Readonly<Record<string, string>> = { bytes: 'bytea', float4: 'real', float8: 'double precision' };

/** The PostgreSQL type for a new column. */
export function postgresType(type: ColumnType): string {
  const element = elementType(type);
  if (element) return `${postgresType(element)}[]`;
  const size = decimalSize(type);
  if (size) return `numeric(${size.precision},${size.scale})`;
  return NAMES[type] ?? type;
}
