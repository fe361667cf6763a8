/** CSV. The dialect and the columns are given, never guessed: what a file holds must not decide what a column is. */
import { createReadStream } from 'node:fs';
import {
  DataError,
  firstLines,
  ident,
  literal,
  parseExpression,
  storageType,
  TypeMismatchError,
  validExpression,
} from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import { parse } from 'csv-parse';
import type { OpenFile, SourceFile } from './source-file.ts';
import { columnsToRead, explainParse } from './text-columns.ts';

/** The types whose text DuckDB reads as exactly that value or not at all. It would round decimals. */
const NATIVE = new Set(['boolean', 'int2', 'int4', 'int8', 'float4', 'float8', 'text', 'uuid', 'date', 'time', 'timestamp', 'timestamptz']);

export const openCsv: OpenFile = async (source, { columns: declared, settings }, work) => {
  const delimiter = String(settings.delimiter ?? ',');
  const header = await readHeader(source, delimiter);
  const columns = columnsToRead(header, declared, source.url, work.log);
  const quarantine = settings.badRows === 'quarantine';
  const types = header.map((name) => {
    const column = columns.find((wanted) => wanted.name === name);
    return `${literal(name)}: ${literal(column && NATIVE.has(column.type) ? storageType(column.type) : 'VARCHAR')}`;
  });
  const options = [
    'auto_detect = false',
    'header = true',
    `delim = ${literal(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `nullstr = ${literal(String(settings.nulls ?? ''))}`,
    'allow_quoted_nulls = false',
    `columns = {${types.join(', ')}}`,
    'max_line_size = 16777216',
    'buffer_size = 33554432',
    ...(quarantine ? ['store_rejects = true', 'rejects_limit = 0'] : []),
  ];
  const rows = `(select *, row_number() over () as headrace_record from read_csv(${literal(source.file)}, ${options.join(', ')}))`;
  const parsedHere = columns.filter((column) => !NATIVE.has(column.type));
  const selected = columns.map((column) =>
    NATIVE.has(column.type)
      ? ident(column.name)
      : `${parseExpression(ident(column.name), column, `'record ' || headrace_record || ', '`)} as ${ident(column.name)}`,
  );
  const valid = parsedHere.map((column) => `(${ident(column.name)} is null or ${validExpression(ident(column.name), column)})`);
  const select = `select ${selected.join(', ')} from ${rows}`;
  if (!quarantine) return { select, columns, explain: (error) => explainCsv(error, source) };
  return {
    select: valid.length === 0 ? select : `${select} where ${valid.join(' and ')}`,
    columns,
    explain: (error) => explainCsv(error, source),
    refused: [
      `select line, string_agg(column_name, ', ') as "column", string_agg(error_message, '; ') as reason, any_value(csv_line) as raw from reject_errors group by line`,
      ...(valid.length === 0 ? [] : [refusedSelect(rows, parsedHere, valid)]),
    ].join(' union all '),
  };
};

/** Rows that DuckDB reads but whose decimals are none: one row for each, whatever number of columns is wrong. Their line is not known. */
function refusedSelect(rows: string, columns: readonly Column[], valid: readonly string[]): string {
  const wrong = columns.map((column, index) => `case when not ${valid[index]} then ${literal(column.name)} end`);
  return `select null as line, concat_ws(', ', ${wrong.join(', ')}) as "column", 'not a value of the declared type' as reason, to_json(r)::varchar as raw from ${rows} r where not (${valid.join(' and ')})`;
}

async function readHeader({ file, url }: SourceFile, delimiter: string): Promise<readonly string[]> {
  const bytes = createReadStream(file);
  const parser = bytes.pipe(parse({ delimiter, to_line: 1, relax_column_count: true, bom: true }));
  try {
    for await (const record of parser) {
      const names = record as string[];
      const doubled = names.find((name, index) => name.trim() === '' || names.indexOf(name) !== index);
      if (doubled !== undefined)
        throw new DataError('HR_CSV_HEADER', `${url}:1: the header names the column "${doubled}" twice, or a column without a name`);
      return names;
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError('HR_CSV_HEADER', `${url}:1: the header cannot be read: ${firstLines(error, 1)}`, { cause: error });
  } finally {
    bytes.destroy();
  }
  throw new DataError('HR_CSV_HEADER', `${url} is empty: the first line must name the columns`);
}

function explainCsv(error: unknown, { url }: SourceFile): unknown {
  const explained = explainParse(error, url);
  if (explained !== error) return explained;
  const message = error instanceof Error ? error.message : String(error);
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (line === undefined) return error;
  const raw = /Original Line:\s?(.*)/.exec(message)?.[1] ?? '';
  const conversion = /Error when converting column "(.*)"\. Could not convert string "([\s\S]*?)" to '(.*?)'/.exec(message);
  if (conversion) {
    return new TypeMismatchError(
      `${url}:${line}: column "${conversion[1]}" is declared ${conversion[3]?.toLowerCase()}, but the value is "${conversion[2]}". Correct the row, declare the column otherwise, or use badRows: 'quarantine'`,
      { cause: error },
    );
  }
  const reason = message.split('\n').find((text) => /Expected|quote|UTF|unicode|Maximum line size/i.test(text)) ?? firstLines(error, 1);
  return new DataError(
    'HR_BAD_ROW',
    `${url}:${line}: ${reason.trim()}. The line is: ${raw.slice(0, 200)}. Correct it, or use badRows: 'quarantine'`,
    { cause: error },
  );
}
