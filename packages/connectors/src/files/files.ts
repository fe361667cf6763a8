import { assertColumns, type Columns, type Duration, durationMs, type Reference, type Source, type Target } from '@headrace/sdk';

/** The columns to read, with their types. Without: all, as text, exactly as they are written (Parquet: with the file's own types). */
export interface FileColumns<C extends Columns> {
  readonly columns: C;
}

/** Relative to the connection's root. With `` text`report-${interval.day}.csv` `` it depends on the run. */
export type FilePath = string | Reference<string>;

/**
 * A label of the WHATWG encoding standard. `latin1` and `iso-8859-1` are taken for what they say, not for Windows' own, and the five bytes that
 * `windows-1252` leaves free are refused.
 */
export type Encoding =
  | 'utf-8'
  | 'utf-16le'
  | 'utf-16be'
  | 'latin1'
  | 'windows-1252'
  | 'windows-1250'
  | 'windows-1251'
  | 'iso-8859-2'
  | 'iso-8859-15'
  | 'shift_jis'
  | 'euc-jp'
  | 'gbk'
  | 'gb18030'
  | 'big5'
  | 'euc-kr'
  | 'koi8-r'
  | 'macintosh'
  | 'ibm866'
  | (string & {});

/** Of every kind of file. A path with `*`, `?`, `[…]` or `{…,…}` names all files that match it, in the order of their paths, as one source. */
export interface ReadFileOptions<F extends string = string> {
  /** Adds a text column of this name: the path of the file that the row is from. */
  readonly fileColumn?: F;
  /** Read only files that no load before has read: those of another path, size or time of change. */
  readonly onlyNew?: boolean;
  /** With `onlyNew`: a file that was changed within this time is left for the next run, because it may still be written. Default 5 s. */
  readonly settle?: Duration;
  /** Of the text in the file. Default `utf-8`; XML says its own. */
  readonly encoding?: Encoding;
  /** What becomes of rows that cannot be read: `fail` (default) fails the task, `quarantine` keeps them aside, with place and reason. */
  readonly badRows?: 'fail' | 'quarantine';
}

/** Of target files. */
export interface WriteFileOptions {
  /** Columns whose values become folders, `day=2017-06-19/`, with a file each; they are not in the files. The path is then a folder. */
  readonly partitionBy?: readonly string[];
}

export interface CsvOptions<F extends string = string> extends ReadFileOptions<F>, WriteFileOptions {
  /** Up to four characters. Default `,`. */
  readonly delimiter?: string;
  /** Default `"`; empty: nothing is quoted. */
  readonly quote?: string;
  /** What stands before a quote inside quotes. Default: the quote itself. */
  readonly escape?: string;
  /** A character: what follows it in a line is no data. */
  readonly comment?: string;
  /** Whether the first line names the columns (default), or which line does; what stands before it is skipped. `false`: by position. */
  readonly header?: boolean | number;
  /** Lines to leave out after the header, or at the beginning where there is none. */
  readonly skip?: number;
  /** The unquoted texts that stand for null. Default: nothing between two delimiters. `""` is an empty text. */
  readonly nulls?: string | readonly string[];
  /** Spaces around values are no part of them. */
  readonly trim?: boolean;
  /** Default `.`. */
  readonly decimal?: '.' | ',';
  /** Between groups of three digits. Default: none. */
  readonly thousands?: string;
  /** As of `strptime`: `%d.%m.%Y`. Default: ISO 8601. */
  readonly dates?: string;
  readonly timestamps?: string;
  /**
   * Of a target: a file that a double click opens as a table, and that runs nothing: byte order mark, `sep=`, CRLF, and `'` before texts that
   * begin like a formula.
   */
  readonly excel?: boolean;
}

export interface JsonOptions<F extends string = string> extends ReadFileOptions<F>, WriteFileOptions {}

export interface XmlOptions<F extends string = string> extends ReadFileOptions<F>, WriteFileOptions {
  /** The element that is a row, `product`, or the end of its path, `products/product`. Of a target: default `rows/row`. */
  readonly record: string;
  /** Names without their prefixes: `product` for `p:product`. */
  readonly ignoreNamespaces?: boolean;
}

export interface ParquetOptions<F extends string = string> extends Omit<ReadFileOptions<F>, 'encoding' | 'badRows'>, WriteFileOptions {}

export interface ExcelOptions<F extends string = string> extends Omit<ReadFileOptions<F>, 'encoding'> {
  /** Its name, or its number from 1. Default: the first. Of a target its name, default `Sheet1`. */
  readonly sheet?: string | number;
  /** The row that names the columns. Default 1. */
  readonly header?: number;
  /** Texts that stand for null besides empty cells, for example `#N/A`. */
  readonly nulls?: string | readonly string[];
}

type WithFile<C extends Columns, F extends string> = string extends F ? C : C & { readonly [K in F]: 'text' };
type Readable<C extends Columns, F extends string> = Source<WithFile<C, F>> & Target<C>;

/**
 * Files under a connection's root (`file:///…`, `s3://…`). Names that end in `.gz` or `.zst` are packed so.
 * XML: attributes and child elements of the record are its columns, deeper ones have dotted names (`address.city`).
 */
export interface Files {
  readonly connector: 'files';
  readonly connection: string;
  csv(path: FilePath, options?: CsvOptions): Source & Target;
  csv<const C extends Columns, const F extends string>(path: FilePath, options: CsvOptions<F> & FileColumns<C>): Readable<C, F>;
  /** An array of objects, or one object after the other. Written as an array. */
  json(path: FilePath, options?: JsonOptions): Source & Target;
  json<const C extends Columns, const F extends string>(path: FilePath, options: JsonOptions<F> & FileColumns<C>): Readable<C, F>;
  /** As `json`, written as one object a line. */
  ndjson(path: FilePath, options?: JsonOptions): Source & Target;
  ndjson<const C extends Columns, const F extends string>(path: FilePath, options: JsonOptions<F> & FileColumns<C>): Readable<C, F>;
  xml(path: FilePath, options: XmlOptions): Source & Target;
  xml<const C extends Columns, const F extends string>(path: FilePath, options: XmlOptions<F> & FileColumns<C>): Readable<C, F>;
  parquet(path: FilePath, options?: ParquetOptions): Source & Target;
  parquet<const C extends Columns, const F extends string>(path: FilePath, options: ParquetOptions<F> & FileColumns<C>): Readable<C, F>;
  /** An Excel workbook, `.xlsx`. */
  excel(path: FilePath, options?: ExcelOptions): Source & Target;
  excel<const C extends Columns, const F extends string>(path: FilePath, options: ExcelOptions<F> & FileColumns<C>): Readable<C, F>;
}

type PlaceOptions<C extends Columns> = Partial<FileColumns<C>> & ReadFileOptions;

/** Names a connection to files as a place to read from and to write reports to. */
export function files(connection: string): Files {
  const kind =
    (name: string) =>
    <C extends Columns>(path: FilePath, { columns, settle, ...given }: PlaceOptions<C> = {}): Source<C> & Target<C> => {
      const where = `files("${connection}").${name}`;
      if (columns) assertColumns(columns, where);
      const settings = { name: path, ...given, ...(settle === undefined ? {} : { settle: durationMs(where, settle) }) };
      const remembers = given.onlyNew === true ? { remembers: true as const } : {};
      const place = { connector: 'files', connection, kind: name, settings, ...remembers };
      if (columns === undefined) return place;
      const { fileColumn } = given;
      if (fileColumn !== undefined && fileColumn in columns)
        throw new TypeError(`${where}: "${fileColumn}" cannot be both a column and the column of the file`);
      const all = fileColumn === undefined ? columns : { ...columns, [fileColumn]: 'text' };
      return { ...place, columns: all as C };
    };
  return {
    connector: 'files',
    connection,
    csv: kind('csv'),
    json: kind('json'),
    ndjson: kind('ndjson'),
    xml: kind('xml'),
    parquet: kind('parquet'),
    excel: kind('excel'),
  } as Files;
}
