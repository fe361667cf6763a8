/** What every writer of a file is given, and the way that text made in DuckDB takes to the disk. */
import { type DuckSession, literal } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';

export interface RowsToWrite {
  readonly select: string;
  readonly columns: readonly Column[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** The name of the file that is made: its ending says how it is packed. */
  readonly name: string;
  /** For messages. */
  readonly url: string;
}

/** Writes each row's text as it is, with a line feed behind it. */
export function copyLines(duck: DuckSession, select: string, file: string): Promise<number> {
  return duck.run(`copy (${select}) to ${literal(file)} (format csv, header false, quote '', escape '', delimiter E'\\x02', nullstr '')`);
}
