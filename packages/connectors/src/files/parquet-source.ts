import { ColumnNotFoundError, columnTypeOf, DataError, firstLines, literal, localFile, storageExpression } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type { OpenFile } from './source-file.ts';
import { diskFull } from './text-columns.ts';

/** Parquet. The file's own types count; a declared type must hold all of them. Nested values become JSON. */
export const openParquet: OpenFile = async ({ root, path, url }, { columns: declared }, work) => {
  const file = await localFile(root, path, work, 'files');
  const rows = `read_parquet(${literal(file)}, hive_partitioning = false)`;
  const damaged = (error: unknown): unknown =>
    error instanceof DataError
      ? error
      : new DataError('HR_FILE_DAMAGED', `${url} cannot be read as Parquet: ${firstLines(error, 1).replaceAll(file, path)}`, {
          cause: error,
        });
  let present: readonly { readonly name: string; readonly duckType: string }[];
  try {
    present = await work.duck.describe(`select * from ${rows}`);
  } catch (error) {
    work.signal.throwIfAborted();
    throw damaged(error);
  }
  const types = new Map(present.map(({ name, duckType }) => [name, duckType]));
  for (const name of Object.keys(declared ?? {})) if (!types.has(name)) throw new ColumnNotFoundError(url, name, [...types.keys()]);
  const columns: readonly Column[] = declared
    ? Object.entries(declared).map(([name, type]) => ({ name, type }))
    : present.map(({ name, duckType }) => ({ name, type: columnTypeOf(duckType, name) }));
  const select = columns.map((column) => storageExpression(column.name, types.get(column.name) ?? '', column.type, url));
  return {
    select: `select ${select.join(', ')} from ${rows}`,
    columns,
    explain: (error) => diskFull(error, url) ?? (/conversion|cast|out of range/i.test(String(error)) ? error : damaged(error)),
  };
};
