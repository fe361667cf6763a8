/** Records of texts, one a line of NDJSON, each with its line in the source: what JSON, XML and Excel files are made into. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, ident, literal, nearest, type Relation, type Work } from '@headrace/dataplane';
import type { Source } from '@headrace/sdk';
import { LARGEST_RECORD, type RefusedRecord } from './json-records.ts';
import type { SourceFile } from './source-file.ts';
import { columnsToRead, diskFull, mismatch } from './text-columns.ts';
import { allValid, refusedRows, textValue } from './text-values.ts';

export interface TextRecords {
  readonly file: string;
  readonly url: string;
  /** All keys that any record has, in the order of their first coming. */
  readonly keys: readonly string[];
  readonly quarantine: boolean;
  /** A file of records that could not be read at all. */
  readonly refused?: string;
}

/** The rows of the records. Throws DataError HR_NO_RECORDS where no record says what the columns are. */
export function openRecords(records: TextRecords, { columns: declared }: Source, { log }: Work): Relation {
  const { file, url, keys, quarantine } = records;
  if (keys.length === 0 && !declared)
    throw new DataError('HR_NO_RECORDS', `${url} holds no records, so its columns are not known: declare "columns"`);
  const doubled = keys.find((key, index) => keys.findIndex((other) => other.toLowerCase() === key.toLowerCase()) !== index);
  if (doubled !== undefined && !declared)
    throw new DataError(
      'HR_COLUMN_TWICE',
      `${url} has "${doubled}" in two spellings that differ only in their case${nearest(doubled, keys)} Declare the column that is meant`,
    );
  // A file without records has no keys, and still has the declared columns.
  const columns = columnsToRead(keys.length === 0 ? Object.keys(declared ?? {}) : keys, declared, url, log);
  const types = ['headrace_line', ...columns.map(({ name }) => name)].map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
  const rows = `read_json(${literal(file)}, format = 'newline_delimited', columns = {${types}}, maximum_object_size = ${3 * LARGEST_RECORD})`;
  const values = columns.map((column) => textValue(column, {}, `${literal(`${url}:`)} || headrace_line || ': '`));
  const select = `select ${values.map(({ column, value }) => `${value} as ${ident(column.name)}`).join(', ')} from ${rows}`;
  const explain = (error: unknown): unknown => mismatch(error) ?? diskFull(error, url) ?? error;
  if (!quarantine) return { select, columns, explain };
  const raw = `to_json(struct_pack(${columns.map(({ name }) => `${ident(name)} := ${ident(name)}`).join(', ')}))::varchar`;
  const unread = refusedRows(rows, values, 'headrace_line::bigint', 'null', raw);
  return {
    select: `${select} where ${allValid(values)}`,
    columns,
    explain,
    refused: records.refused === undefined ? unread : `${records.refused} union all ${unread}`,
  };
}

/** Records that could not be read, on their way to a file of the scratch directory: there may be many. */
export class RefusedFile {
  readonly #file: string;
  #waiting: RefusedRecord[] = [];
  #isEmpty = true;

  constructor({ index }: SourceFile, { scratch }: Work) {
    this.#file = join(scratch, `unreadable-${index}.ndjson`);
  }

  add(record: RefusedRecord): void {
    this.#waiting.push(record);
  }

  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    await appendFile(this.#file, this.#waiting.map((record) => `${JSON.stringify(record)}\n`).join(''));
    this.#waiting = [];
    this.#isEmpty = false;
  }

  /** A query for them. Absent when there are none. */
  get query(): { readonly refused?: string } {
    if (this.#isEmpty) return {};
    const columns = `{line: 'BIGINT', reason: 'VARCHAR', raw: 'VARCHAR'}`;
    return {
      refused: `select line, null as "column", reason, raw from read_json(${literal(this.#file)}, format = 'newline_delimited', columns = ${columns})`,
    };
  }
}
