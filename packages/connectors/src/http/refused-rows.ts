/**
 * Rows that an API has refused for good: in the quarantine of their task, with the status and what the API said.
 *
 * What an attempt keeps takes the place of what the ones before it kept: it has sent those rows again.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ident,
  lakeTarget,
  literal,
  newestSnapshot,
  parquetRelation,
  QUARANTINE_COLUMNS,
  quarantineTable,
  type Work,
  writeParquet,
} from '@headrace/dataplane';

export interface RefusedRow {
  /** `422: {"error":"no such customer"}` */
  readonly reason: string;
  /** The row as it was sent, JSON. */
  readonly raw: string;
}

export class RefusedRows {
  readonly #file: string;
  #handle: Promise<FileHandle> | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  count = 0;

  constructor(scratch: string) {
    this.#file = join(scratch, 'refused.ndjson');
  }

  /** Resolves when the rows are in the file. */
  async add(rows: readonly RefusedRow[]): Promise<void> {
    this.count += rows.length;
    this.#handle ??= open(this.#file, 'a');
    const handle = await this.#handle;
    this.#writing = this.#writing.then(() => handle.write(rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
    await this.#writing;
  }

  /** Answers with the lake table that holds them, or undefined when there are none. */
  async keep(stage: string, loadId: string, work: Work): Promise<string | undefined> {
    await this.close();
    const name = quarantineTable(work.context.dagId, work.context.taskId);
    // Of its own: rows that did not come so far as to be sent may be there under the load's.
    const own = createHash('sha256').update(`${loadId} delivery`).digest('hex').slice(0, 32);
    if (this.count === 0) {
      const snapshot = await newestSnapshot(await work.root(stage), name);
      if (snapshot?.files.some((file) => file.loadId === own) !== true) return undefined;
    }
    const file = join(work.scratch, 'refused.parquet');
    await writeParquet(work.duck, { select: this.#select(loadId, work), columns: QUARANTINE_COLUMNS }, file);
    const counts = { in: this.count, out: this.count, deduplicated: 0, quarantined: 0 };
    const rows = { relation: parquetRelation([file], QUARANTINE_COLUMNS), hash: own, counts, checks: [] };
    const target = { connector: 'lake', connection: stage, kind: 'table', settings: { name } };
    await lakeTarget.write({ target, rows, partition: {}, disposition: 'append', loadId: own }, work);
    return this.count === 0 ? undefined : name;
  }

  async close(): Promise<void> {
    const handle = await this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #select(loadId: string, { context }: Work): string {
    if (this.count === 0) return parquetRelation([], QUARANTINE_COLUMNS).select;
    const known: Readonly<Record<string, string>> = {
      load_id: literal(loadId),
      dag_id: literal(context.dagId),
      run_id: literal(context.runId),
      task_id: literal(context.taskId),
      map_index: `${context.mapIndex}::integer`,
      point: `'delivery'`,
      reason: 'reason',
      raw: 'raw::json',
      quarantined_at: `${literal(new Date().toISOString())}::timestamptz`,
    };
    const empty = new Map([
      ['row', 'null::bigint'],
      ['column', 'null::varchar'],
    ]);
    const values = QUARANTINE_COLUMNS.map(({ name }) => `${known[name] ?? empty.get(name) ?? 'null'} as ${ident(name)}`);
    const lines = `read_json(${literal(this.#file)}, format = 'newline_delimited', columns = {reason: 'VARCHAR', raw: 'VARCHAR'}, maximum_object_size = 67108864)`;
    return `select ${values.join(', ')} from ${lines}`;
  }
}
