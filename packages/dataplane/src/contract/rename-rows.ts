/** Names of columns as the table has them: in the rows, and in what the operation says of columns. */
import type { Check, Disposition, SchemaDrift } from '@headrace/sdk';
import { ident } from '../duckdb.ts';
import type { PublishOperation } from '../operation.ts';
import type { Relation } from '../relation.ts';
import { nameColumns } from './naming.ts';

export interface RenamedRows {
  readonly operation: PublishOperation;
  readonly relation: Relation;
  readonly drift: readonly SchemaDrift[];
}

export function renameRows(operation: PublishOperation, relation: Relation): RenamedRows {
  const { names, drift } = nameColumns(relation.columns, operation.naming ?? 'as-is', String(operation.target.settings.name ?? ''));
  const nameOf = (name: string): string => names.get(name) ?? name;
  if ([...names].every(([before, after]) => before === after)) return { operation, relation, drift };
  const selected = relation.columns.map(({ name }) => `${ident(name)} as ${ident(nameOf(name))}`);
  return {
    operation: {
      ...operation,
      disposition: renameDisposition(operation.disposition, nameOf),
      checks: operation.checks.map((check): Check => ({ ...check, columns: check.columns.map(nameOf) })),
    },
    relation: {
      select: `select ${selected.join(', ')} from (${relation.select})`,
      columns: relation.columns.map(({ name, type }) => ({ name: nameOf(name), type })),
    },
    drift,
  };
}

function renameDisposition(disposition: Disposition, nameOf: (name: string) => string): Disposition {
  if (typeof disposition === 'string') return disposition;
  if ('scd2' in disposition) {
    const { scd2, validFrom, ...rest } = disposition;
    return { ...rest, scd2: scd2.map(nameOf), ...(validFrom === undefined ? {} : { validFrom: nameOf(validFrom) }) };
  }
  const { merge, latest, deletes, ...rest } = disposition;
  return {
    ...rest,
    merge: merge.map(nameOf),
    ...(latest === undefined ? {} : { latest: nameOf(latest) }),
    ...(deletes === undefined ? {} : { deletes: { ...deletes, column: nameOf(deletes.column) } }),
  };
}
