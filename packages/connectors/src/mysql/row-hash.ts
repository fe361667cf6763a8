/** How rows are compared: exactly, whatever the collation, and many at once by SHA-2 over their values. */
import { quote } from './sql-text.ts';
import type { TargetTable } from './target-table.ts';

const TEXTS = /char|text|enum|set|json/;
const BINARIES = /binary|blob|geometry|point|polygon|linestring/;

/** The column as what is equal only to itself: texts as their bytes. */
export function exactly(name: string, table: TargetTable, prefix = ''): string {
  const kind = table.columns.get(name)?.kind ?? '';
  const value = `${prefix}${quote(name)}`;
  return TEXTS.test(kind) ? `cast(${kind === 'json' ? `cast(${value} as char)` : value} as binary)` : value;
}

/** SHA-256 over the columns' values, as hexadecimal text. */
export function rowHash(columns: readonly string[], table: TargetTable, prefix = ''): string {
  const values = columns.map((name) => {
    const kind = table.columns.get(name)?.kind ?? '';
    const value = `${prefix}${quote(name)}`;
    // A value of its own length each: nothing is cut, and none can look like two.
    if (TEXTS.test(kind) || BINARIES.test(kind)) return `ifnull(sha2(${exactly(name, table, prefix)}, 256), '-')`;
    if (kind === 'bit') return `ifnull(${value} + 0, '-')`;
    return `ifnull(${kind === 'float' ? `${value} + 0e0` : value}, '-')`;
  });
  return `sha2(concat_ws(',', ${values.join(', ')}), 256)`;
}

/** Sums over row hashes, for `count(*), …` of many rows in any order: equal sums are equal rows. */
export function hashSums(hash: string): string {
  return [1, 17, 33, 49].map((start) => `sum(cast(conv(substr(${hash}, ${start}, 16), 16, 10) as decimal(20)))`).join(', ');
}
