import {
  assertColumns,
  type Columns,
  type Partition,
  type PartitionColumns,
  type Source,
  type Target,
  type WithColumns,
} from '@headrace/sdk';

/** A table of the lake: all its rows as a source, and a target. */
export interface LakeTable<C extends Columns = Columns> extends Source<C>, Target<C> {
  /** Only the rows of these partitions, as a source. */
  partition<const P extends Partition>(partition: P): Source<WithColumns<C, PartitionColumns<P>>>;
}

export interface Lake {
  /** `raw/sales` is the folder `raw/sales` under the root. */
  table(name: string): LakeTable;
  table<const C extends Columns>(name: string, options: { readonly columns: C }): LakeTable<C>;
}

/** Names a connection (`file:///…` or `s3://…`) as a lake: Parquet tables under its root. */
export function lake(connection: string): Lake {
  return {
    table<C extends Columns>(name: string, { columns }: { readonly columns?: C } = {}): LakeTable<C> {
      if (columns) assertColumns(columns, `lake("${connection}").table("${name}")`);
      const place = { connector: 'lake', connection, kind: 'table' };
      const table: LakeTable<C> = {
        ...place,
        settings: { name },
        ...(columns === undefined ? {} : { columns }),
        partition: (partition) => ({ ...place, settings: { name, partition } }),
      };
      // Not enumerable, so that what an operation holds stays data.
      return Object.defineProperty(table, 'partition', { enumerable: false });
    },
  };
}
