/** What every writer of a file is given, and the way that text takes from DuckDB to whoever makes a file of it. */
import type { Readable } from 'node:stream';
import { type DuckSession, drainPipe, literal, makePipe, type Work } from '@headrace/dataplane';
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

/** Text on its way: it waits in DuckDB until it is taken, and ends there when the stream is destroyed. */
export interface RowText {
  readonly stream: Readable;
  /** When the text has ended. */
  readonly rows: Promise<number>;
}

const AS_IT_IS = ['format csv', 'header false', "quote ''", "escape ''", "delimiter E'\\x02'", "nullstr ''"];

/** Each row's text as it is, with a line feed behind it. */
export function rowLines(select: string, work: Work): Promise<RowText> {
  return rowText(select, AS_IT_IS, work);
}

/** The same, into a file. */
export function copyLines(duck: DuckSession, select: string, file: string): Promise<number> {
  return duck.runInOneThread(`copy (${select}) to ${literal(file)} (${AS_IT_IS.join(', ')})`);
}

/** Options are those of DuckDB's `copy`. */
export async function rowText(select: string, options: readonly string[], { duck, scratch }: Work): Promise<RowText> {
  const pipe = await makePipe(scratch, 'text');
  const rows = duck.runInOneThread(`copy (${select}) to ${literal(pipe)} (${options.join(', ')}, use_tmp_file false)`);
  // The stream fails with it.
  rows.catch(() => {});
  return { stream: drainPipe(pipe, rows), rows };
}
