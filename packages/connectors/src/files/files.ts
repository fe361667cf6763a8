import { assertColumns, type Columns, type Source, type Target } from '@headrace/sdk';

export interface FileOptions<C extends Columns> {
  /** The columns to read, with their types. Without: all, as text, exactly as they are written. */
  readonly columns?: C;
}

export interface CsvOptions<C extends Columns> extends FileOptions<C> {
  /** Default `,`. */
  readonly delimiter?: string;
  /** The unquoted text that stands for null. Default: nothing between two delimiters. `""` is an empty text. */
  readonly nulls?: string;
  /** What becomes of rows that cannot be read: `fail` (default) fails the task, `quarantine` keeps them aside, with line and reason. */
  readonly badRows?: 'fail' | 'quarantine';
}

export interface XmlOptions<C extends Columns> extends FileOptions<C> {
  /** The element that is a row, `product`, or the end of its path, `products/product`. */
  readonly record: string;
}

/**
 * Files under a connection's root (`file:///…` or `s3://…`). Names that end in `.gz` are unpacked (CSV, JSON, XML).
 * XML: attributes and child elements of the record are its columns, deeper ones have dotted names (`address.city`).
 */
export interface Files {
  csv<const C extends Columns = Columns>(path: string, options?: CsvOptions<C>): Source<C> & Target<C>;
  /** An array of objects, or one object after the other (NDJSON). */
  json<const C extends Columns = Columns>(path: string, options?: FileOptions<C>): Source<C>;
  xml<const C extends Columns = Columns>(path: string, options: XmlOptions<C>): Source<C>;
  parquet<const C extends Columns = Columns>(path: string, options?: FileOptions<C>): Source<C>;
}

/** Names a connection to files as a place to read from and to write reports to. */
export function files(connection: string): Files {
  const place = <C extends Columns>(kind: string, path: string, { columns, ...settings }: FileOptions<C> & object): Source<C> & Target<C> => {
    if (columns) assertColumns(columns, `files("${connection}").${kind}("${path}")`);
    return { connector: 'files', connection, kind, settings: { name: path, ...settings }, ...(columns === undefined ? {} : { columns }) };
  };
  return {
    csv: (path, options = {}) => place('csv', path, options),
    json: (path, options = {}) => place('json', path, options),
    xml: (path, options) => place('xml', path, options),
    parquet: (path, options = {}) => place('parquet', path, options),
  };
}
