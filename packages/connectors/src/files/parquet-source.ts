import { ColumnNotFoundError, columnTypeOf, DataError, firstLines, literal, storageExpression } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type { OpenFile } from './source-file.ts';

/** Parquet. The file's own types count; a declared type must hold all of them. */
export const openParquet: OpenFile = async ({ file, url }, { columns: declared }, { duck }) => {
  const rows = `read_parquet(${literal(file)}, hive_partitioning = false)`;
  let present: readonly { readonly name: string; readonly duckType: string }[];
  try {
    present = await duck.describe(`select * from ${rows}`);
  } catch (error) {
    throw new DataError('HR_FILE_DAMAGED', `${url} cannot be read as Parquet: ${firstLines(error, 1)}`, { cause: error });
  }
  const types = new Map(present.map(({ name, duckType }) => [name, duckType]));
  for (const name of Object.keys(declared ?? {})) if (!types.has(name)) throw new ColumnNotFoundError(url, name, [...types.keys()]);
  const columns: readonly Column[] = declared
    ? Object.entries(declared).map(([name, type]) => ({ name, type }))
    : present.map(({ name, duckType }) => ({ name, type: columnTypeOf(duckType, name) }));
  const select = columns.map((column) => storageExpression(column.name, types.get(column.name) ?? '', column.type, url));
  return { select: `select ${select.join(', ')} from ${rows}`, columns };
};
