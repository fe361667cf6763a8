import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DataError, firstLines, literal, type Relation } from '@headrace/dataplane';
import { ExactNumbers } from './exact-numbers.ts';
import type { OpenFile } from './source-file.ts';
import { columnsToRead, explainParse, parsedSelect } from './text-columns.ts';

/** JSON: an array of objects, or one object after the other. Values are read as the text they are written as, then typed. */
export const openJson: OpenFile = async ({ file, url }, source, work): Promise<Relation> => {
  const exact = new ExactNumbers();
  const copy = join(work.scratch, 'records.json');
  await pipeline(createReadStream(file), exact, createWriteStream(copy), { signal: work.signal });
  return openRecords(copy, exact.isList ? 'array' : 'newline_delimited', url, source, work);
};

/** The records of a JSON file on the local disk whose scalar values can be taken as text. */
export const openRecords = async (
  file: string,
  format: 'array' | 'newline_delimited',
  url: string,
  { columns: declared }: Parameters<OpenFile>[1],
  { duck, log }: Parameters<OpenFile>[2],
): Promise<Relation> => {
  const explain = (error: unknown): unknown => explainJson(error, url);
  const size = 'maximum_object_size = 16777216';
  let present: readonly string[];
  try {
    const objects = `read_json_objects(${literal(file)}, format = '${format}', ${size})`;
    const keys = await duck.rows(
      `select key from (select unnest(json_keys(json)) as key, generate_subscripts(json_keys(json), 1) as place from ${objects}) group by key order by min(place), key`,
    );
    present = keys.map(({ key }) => key ?? '');
  } catch (error) {
    throw explain(error);
  }
  if (present.length === 0 && !declared)
    throw new DataError('HR_NO_RECORDS', `${url} holds no records, so its columns are not known: declare "columns"`);
  // A file without records has no keys, and still has the declared columns.
  const columns = columnsToRead(present.length === 0 ? Object.keys(declared ?? {}) : present, declared, url, log);
  const types = columns.map((column) => `${literal(column.name)}: 'VARCHAR'`).join(', ');
  return {
    select: parsedSelect(`read_json(${literal(file)}, format = '${format}', columns = {${types}}, ${size})`, columns),
    columns,
    explain,
  };
};

function explainJson(error: unknown, url: string): unknown {
  const explained = explainParse(error, url);
  if (explained !== error) return explained;
  const message = firstLines(error, 1);
  const place = /in (?:record\/value|line) (\d+)/.exec(message)?.[1];
  if (!/JSON/i.test(message)) return error;
  return new DataError('HR_MALFORMED_JSON', `${url}${place ? `: record ${place}` : ''}: ${message.replace(/ in file "[^"]*"/, '')}`, {
    cause: error,
  });
}
