import { assertColumns, type Columns, type Reference, type Source, type Target } from '@headrace/sdk';

/** The columns to read, with their types. Without: all, as text, exactly as they are written (Parquet: with the file's own types). */
export interface FileColumns<C extends Columns> {
  readonly columns: C;
}

export interface CsvOptions {
  /** Default `,`. */
  readonly delimiter?: string;
  /** The unquoted text that stands for null. Default: nothing between two delimiters. `""` is an empty text. */
  readonly nulls?: string;
  /** What becomes of rows that cannot be read: `fail` (default) fails the task, `quarantine` keeps them aside, with line and reason. */
  readonly badRows?: 'fail' | 'quarantine';
}

export interface XmlOptions {
  /** The element that is a row, `product`, or the end of its path, `products/product`. */
  readonly record: string;
}

/** Relative to the connection's root. With `` text`report-${interval.day}.csv` `` it depends on the run. */
export type FilePath = string | Reference<string>;

/**
 * Files under a connection's root (`file:///…` or `s3://…`). Names that end in `.gz` are unpacked (CSV, JSON, XML).
 * XML: attributes and child elements of the record are its columns, deeper ones have dotted names (`address.city`).
 */
export interface Files {
  readonly connector: 'files';
  readonly connection: string;
  csv(path: FilePath, options?: CsvOptions): Source & Target;
  csv<const C extends Columns>(path: FilePath, options: CsvOptions & FileColumns<C>): Source<C> & Target<C>;
  /** An array of objects, or one object after the other (NDJSON). */
  json(path: FilePath): Source;
  json<const C extends Columns>(path: FilePath, options: FileColumns<C>): Source<C>;
  xml(path: FilePath, options: XmlOptions): Source;
  xml<const C extends Columns>(path: FilePath, options: XmlOptions & FileColumns<C>): Source<C>;
  parquet(path: FilePath): Source;
  parquet<const C extends Columns>(path: FilePath, options: FileColumns<C>): Source<C>;
}

/** Names a connection to files as a place to read from and to write reports to. */
export function files(connection: string): Files {
  const place = <C extends Columns>(
    kind: string,
    path: FilePath,
    { columns, ...settings }: Partial<FileColumns<C>> & object,
  ): Source<C> & Target<C> => {
    if (columns) assertColumns(columns, `files("${connection}").${kind}`);
    return { connector: 'files', connection, kind, settings: { name: path, ...settings }, ...(columns === undefined ? {} : { columns }) };
  };
  return {
    connector: 'files',
    connection,
    csv: <C extends Columns>(path: FilePath, options: CsvOptions & Partial<FileColumns<C>> = {}) => place('csv', path, options),
    json: <C extends Columns>(path: FilePath, options: Partial<FileColumns<C>> = {}) => place('json', path, options),
    xml: <C extends Columns>(path: FilePath, options: XmlOptions & Partial<FileColumns<C>>) => place('xml', path, options),
    parquet: <C extends Columns>(path: FilePath, options: Partial<FileColumns<C>> = {}) => place('parquet', path, options),
  };
}
