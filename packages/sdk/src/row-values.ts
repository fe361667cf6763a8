/** Rows as JavaScript sees them. No value passes through a type that cannot hold it: decimals and times are their exact text. */
import type { Columns, ColumnType } from './columns.ts';

/** `int8` is a bigint, bytes are bytes; decimals, times (ISO 8601, with microseconds), JSON and lists (as JSON) are texts. */
export type ValueOf<T extends ColumnType> = T extends 'boolean'
  ? boolean
  : T extends 'int2' | 'int4' | 'float4' | 'float8'
    ? number
    : T extends 'int8'
      ? bigint
      : T extends 'bytes'
        ? Uint8Array
        : string;

export type RowValue = boolean | number | bigint | string | Uint8Array | null;

/** A row whose columns are declared; of others any value. */
export type RowOf<C extends Columns> = string extends keyof C
  ? Record<string, RowValue>
  : { -readonly [K in keyof C]: ValueOf<C[K]> | null };

/** What of a row is to be otherwise. */
export type PatchOf<C extends Columns> = Partial<RowOf<C>>;
