/**
 * CSV. DuckDB splits the lines into texts; what a text is a value of is decided here, because its own casts round, cut and drop in silence.
 *
 * V1. Dialect and columns are given, never guessed.
 * V2. A row that cannot be read ends in an error that names its line, or is kept aside; none is changed or left out.
 */
import { DataError, firstLines, ident, literal, MISMATCH_MARK, type Relation, TypeMismatchError, type Work } from '@headrace/dataplane';
import { type CsvDialect, csvDialect, readCsvOptions } from './csv-dialect.ts';
import { firstOtherLineEnd, lineOfRecord, readHeader } from './csv-lines.ts';
import { assertUnchanged, localText } from './local-text.ts';
import type { OpenFile } from './source-file.ts';
import { columnsToRead, diskFull } from './text-columns.ts';
import { allValid, refusedRows, type TextValue, textValue } from './text-values.ts';

interface OpenedCsv {
  readonly file: string;
  readonly url: string;
  readonly dialect: CsvDialect;
  readonly names: readonly string[];
  readonly values: readonly TextValue[];
  readonly work: Work;
}

export const openCsv: OpenFile = async (source, { columns: declared, settings }, work): Promise<Relation> => {
  const { url, index } = source;
  const dialect = csvDialect(settings, url);
  const quarantine = settings.badRows === 'quarantine';
  const { file, inPlace } = await localText(source, { encoding: settings.encoding, onBad: quarantine ? 'mark' : 'fail' }, work);
  const names = await readHeader(file, url, dialect, declared);
  const columns = columnsToRead(names, declared, url, work.log);
  const values = columns.map((column) => textValue(column, dialect));
  const csv: OpenedCsv = { file, url, dialect, names, values, work };
  const rejects = [1, 2].map((scan) => `headrace_rejects_${index}_${scan}`);
  const rows = quarantine ? records(csv, rejects[0]) : records(csv);
  const relation: Relation = {
    select: `select ${values.map(({ column, value }) => `${value} as ${ident(column.name)}`).join(', ')} from ${rows}${quarantine ? ` where ${allValid(values)}` : ''}`,
    columns,
    explain: (error) => explainCsv(error, csv),
    ...(inPlace
      ? {
          feed: async (start) => {
            try {
              return await start();
            } finally {
              // Wins over what the reader says of a file that is no longer what it was.
              await assertUnchanged(source);
            }
          },
        }
      : {}),
  };
  if (!quarantine) return relation;
  const unsplit = `select line::bigint as line, string_agg(distinct column_name, ', ') as "column", string_agg(distinct error_message, '; ') as reason, any_value(substr(csv_line, 1, 10000)) as raw from ${rejects[0]} group by line`;
  const unread = refusedRows(numbered(records(csv, rejects[1])), values, 'null::bigint', `'record ' || headrace_record`, rawOf(names));
  return { ...relation, refused: `${unsplit} union all ${unread}` };
};

/** All rows as texts, under the names of the header. */
function records({ file, dialect, names }: OpenedCsv, rejects?: string): string {
  const more =
    rejects === undefined
      ? []
      : [
          'store_rejects = true',
          'rejects_limit = 0',
          `rejects_table = ${literal(rejects)}`,
          `rejects_scan = ${literal(`${rejects}_scans`)}`,
        ];
  const rows = `read_csv(${literal(file)}, ${readCsvOptions(dialect, names, more)})`;
  if (!dialect.trim) return rows;
  const nulls = dialect.nulls.filter((text) => text !== '').map(literal);
  const trimmed = names.map((name) => {
    const text = `trim(${ident(name)}, ' ' || chr(9))`;
    const isNull = [
      ...(nulls.length === 0 ? [] : [`${text} in (${nulls.join(', ')})`]),
      ...(dialect.nulls.includes('') ? [`(${text} = '' and ${ident(name)} <> '')`] : []),
    ];
    return `${isNull.length === 0 ? text : `case when ${isNull.join(' or ')} then null else ${text} end`} as ${ident(name)}`;
  });
  return `(select ${trimmed.join(', ')} from ${rows})`;
}

/** Counted only where a row is looked for: it takes the reading to one thread. */
function numbered(rows: string): string {
  return `(select *, row_number() over () as headrace_record from ${rows})`;
}

function rawOf(names: readonly string[]): string {
  return `to_json(struct_pack(${names.map((name) => `${ident(name)} := ${ident(name)}`).join(', ')}))::varchar`;
}

const ADVICE = `Correct the row, say otherwise how the file is to be read, or use badRows: 'quarantine'`;

async function explainCsv(error: unknown, csv: OpenedCsv): Promise<unknown> {
  if (error instanceof DataError) return error;
  const { url, file, dialect, work, values, names } = csv;
  const message = shortened(error instanceof Error ? error.message : String(error));
  if (message.includes(MISMATCH_MARK)) {
    const [first] = await work.duck.rows(`${refusedRows(numbered(records(csv)), values, 'headrace_record', 'null', 'null')} limit 1`);
    if (!first?.line) return error;
    const line = await lineOfRecord(file, dialect, Number(first.line), names.length);
    const place = line === undefined ? `${url}: record ${first.line}` : `${url}:${line}`;
    return new TypeMismatchError(`${place}: column "${first.column}" is ${first.reason}. ${ADVICE}`, { cause: error });
  }
  // Of files that are read together, each is asked.
  if (message.includes('\n  file = ') && !message.includes(`file = ${file}\n`)) return error;
  if (/invalid state/.test(message)) {
    const line = await firstOtherLineEnd(file);
    if (line !== undefined)
      return new DataError(
        'HR_BAD_ROW',
        `${url}:${line}: the line does not end like the lines before it: a file whose lines end in different ways cannot be split for certain. Have it written with one line end`,
        { cause: error },
      );
  }
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (line === undefined) return diskFull(error, url) ?? error;
  const raw = /Original Line:\s?(.*)/.exec(message)?.[1] ?? '';
  const reason = message.split('\n').find((text) => /^(?!Original).*(Expected Number|quote found|unicode|Maximum line size)/i.test(text));
  return new DataError(
    'HR_BAD_ROW',
    `${url}:${line}: ${(reason ?? firstLines(message, 1)).trim()} The line is: ${raw.slice(0, 200)}. ${ADVICE}`,
    { cause: new Error(firstLines(message, 3)) },
  );
}

/** The message repeats the line, which may be of any length. */
function shortened(message: string): string {
  return message.length > 20_000 ? `${message.slice(0, 2000)}\n${message.slice(-4000)}` : message;
}
