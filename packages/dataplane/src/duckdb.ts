/**
 * One DuckDB for one attempt: in memory, spilling to the attempt's scratch directory, stopped with the attempt.
 *
 * K1. Paths and names are quoted here, run values are always parameters.
 * K2. Rows that leave through `rows` are few (counts, samples, descriptions); bulk goes from file to file.
 * K3. Nothing is downloaded: extensions are those that are linked in.
 */
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampTZValue, type DuckDBValue } from '@duckdb/node-api';
import { SqlError } from './errors.ts';

/** A run value after references were replaced. */
export type SqlValue = string | number | bigint | boolean | Date | null;

export interface DuckLimits {
  /** e.g. `320MB`: what DuckDB keeps in memory before it spills. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** e.g. `20GB`: what it may spill. Default: nine tenths of what is free on the disk of the scratch directory. */
  readonly spillLimit?: string;
}

export const DEFAULT_LIMITS: DuckLimits = { memoryLimit: '320MB', threads: 2 };

export class DuckSession {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal;
  readonly #threads: number;
  readonly #interrupt: () => void;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection, signal: AbortSignal, threads: number) {
    this.#instance = instance;
    this.#connection = connection;
    this.#signal = signal;
    this.#threads = threads;
    this.#interrupt = () => connection.interrupt();
    signal.addEventListener('abort', this.#interrupt);
  }

  static async open(scratch: string, signal: AbortSignal, limits: DuckLimits = DEFAULT_LIMITS): Promise<DuckSession> {
    signal.throwIfAborted();
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: limits.memoryLimit,
      threads: String(limits.threads),
      temp_directory: join(scratch, 'spill'),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    // Nothing is printed: the bar is what makes DuckDB count.
    await connection.run(`set timezone = 'UTC'; set enable_progress_bar = true; set enable_progress_bar_print = false`);
    // Given to a new instance it is shown, and not obeyed.
    if (limits.spillLimit !== undefined) await connection.run(`set max_temp_directory_size = ${literal(limits.spillLimit)}`);
    return new DuckSession(instance, connection, signal, limits.threads);
  }

  /** Runs one statement. The number is that of the rows it changed or copied. */
  async run(sql: string, values: Readonly<Record<string, SqlValue>> = {}): Promise<number> {
    this.#signal.throwIfAborted();
    const result = await this.#connection.runAndReadAll(sql, bind(values));
    const count = result.columnCount === 1 && result.currentRowCount === 1 ? result.value(0, 0) : 0;
    return typeof count === 'bigint' ? Number(count) : 0;
  }

  /**
   * Runs a `copy` to text in one thread: with several, DuckDB holds hundreds of megabytes of rows until those before them are written. A reader
   * of what it writes works beside it.
   */
  async runInOneThread(sql: string): Promise<number> {
    await this.run('set threads = 1');
    try {
      return await this.run(sql);
    } finally {
      if (!this.#signal.aborted) await this.run(`set threads = ${this.#threads}`);
    }
  }

  /** How many of the rows of tables and files the query that runs now has read. Undefined while none reads any. */
  progress(): { readonly rows: number; readonly totalRows: number } | undefined {
    const { rows_processed: rows, total_rows_to_process: total } = this.#connection.progress;
    return total > 0n && rows > 0n && rows <= total ? { rows: Number(rows), totalRows: Number(total) } : undefined;
  }

  /** Rows as text (null stays null), for results that are small by their nature. */
  async rows(sql: string, values: Readonly<Record<string, SqlValue>> = {}): Promise<readonly Readonly<Record<string, string | null>>[]> {
    this.#signal.throwIfAborted();
    const result = await this.#connection.runAndReadAll(sql, bind(values));
    return result.convertRowObjects((value) => (value === null ? null : String(value))) as Record<string, string | null>[];
  }

  /** A single number, such as a count. */
  async count(sql: string, values: Readonly<Record<string, SqlValue>> = {}): Promise<number> {
    const [row] = await this.rows(sql, values);
    return Number(Object.values(row ?? {})[0] ?? 0);
  }

  /** Columns of a query, as DuckDB names their types, without running it. */
  async describe(
    query: string,
    values: Readonly<Record<string, SqlValue>> = {},
  ): Promise<readonly { readonly name: string; readonly duckType: string }[]> {
    const rows = await this.rows(`describe ${query}`, values);
    return rows.map((row) => ({ name: row.column_name ?? '', duckType: row.column_type ?? '' }));
  }

  /** Refuses text that is not exactly one statement. Throws SqlError. */
  async assertSingle(sql: string, where: string): Promise<void> {
    let count: number;
    try {
      count = (await this.#connection.extractStatements(sql)).count;
    } catch (error) {
      throw new SqlError(`${where}: ${firstLines(error)}`, { cause: error });
    }
    if (count !== 1) throw new SqlError(`${where}: the SQL must be one query, but has ${count} statements`);
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#interrupt);
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** Runs `use` with a session that is closed whatever happens. */
export async function withDuck<T>(
  scratch: string,
  signal: AbortSignal,
  limits: DuckLimits,
  use: (duck: DuckSession) => Promise<T>,
): Promise<T> {
  const duck = await DuckSession.open(scratch, signal, limits);
  try {
    return await use(duck);
  } catch (error) {
    // An interrupted query says "INTERRUPT"; what the caller must see is why it was interrupted.
    signal.throwIfAborted();
    throw error;
  } finally {
    duck.close();
  }
}

/** A quoted name. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A quoted text. Only for what DuckDB takes in no other way: paths, types, options. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What DuckDB says, without its advice on its own settings. */
export function firstLines(error: unknown, lines = 4): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, lines)
    .join('\n');
}

function bind(values: Readonly<Record<string, SqlValue>>): Record<string, DuckDBValue> | undefined {
  const names = Object.keys(values);
  if (names.length === 0) return undefined;
  const bound: Record<string, DuckDBValue> = {};
  for (const name of names) {
    const value = values[name] ?? null;
    bound[name] = value instanceof Date ? new DuckDBTimestampTZValue(BigInt(value.getTime()) * 1000n) : value;
  }
  return bound;
}
