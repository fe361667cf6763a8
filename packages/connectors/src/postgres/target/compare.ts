/** Fragments of SQL that compare and list columns of the stage (`s`) and the table (`t`). */
import type { Column } from '@headrace/sdk';
import { quote } from '../sql-text.ts';
import type { TargetTable } from './target-table.ts';

/** Types that have no equality are compared as text. */
export function comparable(name: string, table: TargetTable, prefix = ''): string {
  const type = table.types.get(name) ?? 'text';
  return `${prefix}${quote(name)}${/^(json|xml|point|polygon|box|circle|path|lseg|line)(\[\])?$/.test(type) ? '::text' : ''}`;
}

export function comparables(columns: readonly Column[], table: TargetTable, prefix = ''): string {
  return columns.map(({ name }) => comparable(name, table, prefix)).join(', ');
}

/** Whether any of the columns has another value. */
export function differs(columns: readonly Column[], table: TargetTable, left = 't.', right = 's.'): string {
  const pairs = columns.map(({ name }) => `${comparable(name, table, left)} is distinct from ${comparable(name, table, right)}`);
  return pairs.length === 0 ? 'false' : `(${pairs.join(' or ')})`;
}

export function sameKeys(keys: readonly string[], left = 't.', right = 's.'): string {
  return keys.map((key) => `${left}${quote(key)} = ${right}${quote(key)}`).join(' and ');
}

export function names(columns: readonly Column[], prefix = ''): string {
  return columns.map(({ name }) => `${prefix}${quote(name)}`).join(', ');
}
