import { assertColumns, type Columns, type Reference, type Source } from '@headrace/sdk';

/** The extract that made a package. Its newest package is read. */
export interface PackageOf {
  readonly dag: string | Reference<string>;
  readonly run: string | Reference<string>;
  readonly task: string | Reference<string>;
  /** Of a mapped extract. */
  readonly mapIndex?: number;
}

/** What is known of its rows. Without: all its columns, with their types. */
interface PackageOptions<C extends Columns> {
  readonly columns?: C;
}

export interface Packages {
  of<const C extends Columns = Columns>(extract: PackageOf, options?: PackageOptions<C>): Source<C>;
  /** By the id that the extract's result has in `package`, or its first digits as `headrace packages list` shows them. */
  id<const C extends Columns = Columns>(id: string | Reference<string>, options?: PackageOptions<C>): Source<C>;
}

/**
 * Packages that are still kept under a connection's root (`headrace packages list`), as sources: to load once more what an extract
 * read, into another target or with another schema, without asking its source again. No cursor is moved by that.
 */
export function packages(connection: string): Packages {
  const source = <C extends Columns>(kind: string, settings: Readonly<Record<string, unknown>>, columns: C | undefined): Source<C> => {
    if (columns) assertColumns(columns, `packages("${connection}")`);
    return { connector: 'packages', connection, kind, settings, ...(columns === undefined ? {} : { columns }) };
  };
  return {
    of: (extract, { columns } = {}) => source('extract', { ...extract }, columns),
    id: (id, { columns } = {}) => source('package', { id }, columns),
  };
}
