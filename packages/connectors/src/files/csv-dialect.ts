/** How a CSV file is written, as its options say it: nothing is guessed, because what a file holds must not decide how it is read. */
import { DataError, literal } from '@headrace/dataplane';

export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly comment: string;
  /** The line of the header, from 1; 0 for none. */
  readonly headerLine: number;
  /** Lines to leave out behind the header. */
  readonly skip: number;
  readonly nulls: readonly string[];
  readonly trim: boolean;
  readonly decimal: '.' | ',';
  readonly thousands: string;
  readonly dates?: string;
  readonly timestamps?: string;
}

/** A line longer than this, in bytes, is refused: a quote that is never closed must not take the memory. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** Throws DataError HR_CSV_DIALECT for options that contradict each other. */
export function csvDialect(settings: Readonly<Record<string, unknown>>, url: string): CsvDialect {
  const text = (name: string, otherwise: string): string => (settings[name] === undefined ? otherwise : String(settings[name]));
  const { header = true, nulls = '', dates, timestamps } = settings;
  const quote = text('quote', '"');
  const dialect: CsvDialect = {
    delimiter: text('delimiter', ','),
    quote,
    escape: text('escape', quote),
    comment: text('comment', ''),
    headerLine: typeof header === 'number' ? header : header === true ? 1 : 0,
    skip: Number(settings.skip ?? 0),
    nulls: Array.isArray(nulls) ? nulls.map(String) : [String(nulls)],
    trim: settings.trim === true,
    decimal: settings.decimal === ',' ? ',' : '.',
    thousands: text('thousands', ''),
    ...(dates === undefined ? {} : { dates: String(dates) }),
    ...(timestamps === undefined ? {} : { timestamps: String(timestamps) }),
  };
  const wrong = contradiction(dialect);
  if (wrong !== undefined) throw new DataError('HR_CSV_DIALECT', `${url}: ${wrong}`);
  return dialect;
}

function contradiction(dialect: CsvDialect): string | undefined {
  const { delimiter, quote, comment, headerLine, skip, decimal, thousands } = dialect;
  const bytes = Buffer.byteLength(delimiter);
  if (bytes < 1 || bytes > 4 || /[\r\n]/.test(delimiter))
    return `the delimiter ${JSON.stringify(delimiter)} must be one to four characters of a line`;
  for (const [name, value] of Object.entries({ quote, escape: dialect.escape, comment, thousands }))
    if (Buffer.byteLength(value) > 1) return `the ${name} ${JSON.stringify(value)} must be one ASCII character, or empty`;
  if (quote !== '' && delimiter.includes(quote)) return 'delimiter and quote are the same';
  if (comment !== '' && (delimiter.includes(comment) || comment === quote)) return 'the comment character is also delimiter or quote';
  if (thousands !== '' && thousands === decimal) return 'decimal and thousands separator are the same';
  for (const [name, value] of Object.entries({ header: headerLine, skip }))
    if (!Number.isSafeInteger(value) || value < 0) return `${name} must be a whole number of lines`;
  return undefined;
}

/** The options of DuckDB's `read_csv` for columns that are all text. */
export function readCsvOptions(dialect: CsvDialect, names: readonly string[], more: readonly string[] = []): string {
  const { delimiter, quote, comment, headerLine, skip, nulls, trim } = dialect;
  const types = names.map((name) => `${literal(name)}: 'VARCHAR'`);
  return [
    'auto_detect = false',
    'header = false',
    `skip = ${headerLine + skip}`,
    `delim = ${literal(delimiter)}`,
    `quote = ${literal(quote)}`,
    `escape = ${literal(dialect.escape)}`,
    ...(comment === '' ? [] : [`comment = ${literal(comment)}`]),
    // What is trimmed is compared with them afterwards.
    `nullstr = [${(trim ? nulls.filter((text) => text === '') : nulls).map(literal).join(', ')}]`,
    'allow_quoted_nulls = false',
    `columns = {${types.join(', ')}}`,
    `max_line_size = ${LONGEST_LINE}`,
    `buffer_size = ${LONGEST_LINE + LONGEST_LINE / 4}`,
    ...more,
  ].join(', ');
}
