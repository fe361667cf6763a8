/** Reads a kept package again: into another table, or with another schema. Its cursor is not moved by that. */
import type { SourceConnector } from '../connector.ts';
import { ColumnNotFoundError, TypeMismatchError } from '../errors.ts';
import { urlOf } from '../file-root.ts';
import { parquetRelation } from '../relation.ts';
import { findPackage, type PackageChoice } from './kept-packages.ts';
import { openPackage } from './package-area.ts';

export const packageSource: SourceConnector = {
  async open({ connection, settings, columns: declared }, work) {
    const root = await work.root(connection);
    const kept = await findPackage(root, settings as unknown as PackageChoice);
    const result = { ...kept, connection };
    const relation = await openPackage(result, work);
    if (declared === undefined) return relation;
    const where = `The package ${urlOf(root, result.files[0]?.path ?? result.package)}`;
    const names = result.columns.map(({ name }) => name);
    const columns = Object.entries(declared).map(([name, type]) => {
      const column = result.columns.find((each) => each.name === name);
      if (column === undefined) throw new ColumnNotFoundError(where, name, names);
      if (column.type !== type)
        throw new TypeMismatchError(
          `${where}: column "${name}" is ${column.type}, and declared as ${type}. Declare it as it is, and cast it in a transform`,
        );
      return column;
    });
    const files = relation.files ?? [];
    return columns.length === names.length ? { ...relation, columns: result.columns } : parquetRelation(files, columns);
  },
};
