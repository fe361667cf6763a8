/** Rows that DuckDB can read, wherever they come from, and what it takes to write them down as Parquet. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Column } from '@headrace/sdk';
import { storageType } from './column-types.ts';
import { type DuckSession, ident, literal } from './duckdb.ts';
import { expectRows } from './operation-meter.ts';

export interface Relation {
  /** A query without parameters that gives exactly `columns`, in their storage types. */
  readonly select: string;
  readonly columns: readonly Column[];
  /** For rows that pass through a pipe: starts the query when they are about to come. Such a relation can be read once. */
  readonly feed?: <T>(start: () => Promise<T>) => Promise<T>;
  /** Local Parquet files that hold exactly these rows and columns. */
  readonly files?: readonly string[];
  /** The same files, where they were written by this attempt: what is in them is known, and nobody changes them any more. */
  readonly written?: readonly ParquetFile[];
  /** After the rows were read: a query for those that were refused (`line`, `column`, `reason`, `raw`), if any may be. */
  readonly refused?: string;
  /** After the rows were read: what the source wants to be given the next time (`ReadOptions.position`), plain data. */
  readonly position?: () => Promise<unknown>;
  /** How many rows or bytes there are, where the source can tell cheaply: for progress. */
  readonly expected?: { readonly rows?: number; readonly bytes?: number };
  /**
   * The rows are on the server that they are written to: a query in its own SQL that gives exactly `columns`, once `values` are settings of
   * the session. How many they are is known when they are written. Then `select` is not for use.
   */
  readonly inside?: { readonly sql: string; readonly values: ReadonlyMap<string, string> };
  /** Makes an error that names file, row and value of what DuckDB says; may be a promise of it, where the place has to be looked for. */
  readonly explain?: (error: unknown) => unknown;
}

/** Parquet files that were just written. */
export interface ParquetFile {
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * How rows are written down. Zstandard's level 1 takes a fifth less of DuckDB's time than its level 3, for files that are a tenth larger; Snappy
 * takes no less time, for twice the size. Encodings newer than Parquet 1.0 are smaller still, but many readers cannot read them.
 */
export const PARQUET = 'format parquet, compression zstd, compression_level 1';

/** Streams a relation into one Parquet file. Memory does not grow with the rows. */
export async function writeParquet(duck: DuckSession, relation: Relation, file: string): Promise<ParquetFile> {
  expectRows(relation.expected);
  const start = (): Promise<number> => duck.run(`copy (${relation.select}) to ${literal(file)} (${PARQUET})`);
  let rows: number;
  try {
    rows = await (relation.feed ? relation.feed(start) : start());
  } catch (error) {
    throw (await relation.explain?.(error)) ?? error;
  }
  return { file, rows, ...(await fingerprint(file)) };
}

export async function fingerprint(file: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}

/**
 * A relation over Parquet files whose columns are known. Columns that an older file lacks are null. No files: no rows. `cast`: expressions
 * for columns that the files do not have just so.
 */
export function parquetRelation(
  files: readonly string[],
  columns: readonly Column[],
  partitions: readonly Column[] = [],
  cast: ReadonlyMap<string, string> = new Map(),
): Relation {
  const all = [...columns, ...partitions];
  if (files.length === 0) {
    const nothing = all.map((column) => `cast(null as ${storageType(column.type)}) as ${ident(column.name)}`);
    return { select: `select ${nothing.join(', ')} where false`, columns: all };
  }
  const hive =
    partitions.length === 0
      ? 'hive_partitioning = false'
      : `hive_partitioning = true, hive_types = {${partitions.map((column) => `${literal(column.name)}: VARCHAR`).join(', ')}}`;
  const schema = [...columns.map(({ name }) => cast.get(name) ?? ident(name)), ...partitions.map(partitionExpression)].join(', ');
  return {
    select: `select ${schema} from read_parquet([${files.map(literal).join(', ')}], union_by_name = true, ${hive})`,
    columns: all,
    ...(partitions.length === 0 && cast.size === 0 ? { files } : {}),
  };
}

/** Never the bare column: DuckDB 1.5.5 takes its statistics for those of a column in the file, and fails on min(), max() and count(). */
function partitionExpression({ name, type }: Column): string {
  const value = type === 'text' ? `${ident(name)} || ''` : `cast(${ident(name)} as ${storageType(type)})`;
  return `${value} as ${ident(name)}`;
}

/** A file that this attempt has written. */
export function writtenRelation(written: ParquetFile, columns: readonly Column[]): Relation {
  return { ...parquetRelation([written.file], columns), written: [written] };
}

/** A relation that can be read any number of times: a piped one is written to the scratch directory first. What was refused is known then. */
export async function rereadable(duck: DuckSession, relation: Relation, file: string): Promise<Relation> {
  if (!relation.feed && !relation.refused) return relation;
  const written = await writeParquet(duck, relation, file);
  return { ...writtenRelation(written, relation.columns), ...(relation.refused === undefined ? {} : { refused: relation.refused }) };
}
