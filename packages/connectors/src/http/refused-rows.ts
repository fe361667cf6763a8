/** Rows that an API has refused for good, kept aside as Parquet: `key`, `status`, `reason`, and the row as it was sent. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { literal, type Work, writeParquet } from '@headrace/dataplane';

export interface RefusedRow {
  readonly key: string;
  readonly status: number;
  readonly reason: string;
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

  /** Publishes them under the stage's root. Answers with the path, or undefined when there are none. */
  async keep(connection: string, work: Work): Promise<string | undefined> {
    await this.close();
    if (this.count === 0) return undefined;
    const { dagId, runId, taskId } = work.context;
    const columns = `{key: 'VARCHAR', status: 'INTEGER', reason: 'VARCHAR', raw: 'VARCHAR'}`;
    const select = `select key, status, reason, raw from read_json(${literal(this.#file)}, format = 'newline_delimited', columns = ${columns}, maximum_object_size = 67108864) order by key`;
    const written = await writeParquet(work.duck, { select, columns: [] }, join(work.scratch, 'refused.parquet'));
    const path = `_quarantine/${[dagId, runId, taskId].map(encodeURIComponent).join('/')}/${written.sha256}.parquet`;
    await (await work.root(connection)).publish(written.file, path);
    return path;
  }

  async close(): Promise<void> {
    const handle = await this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
