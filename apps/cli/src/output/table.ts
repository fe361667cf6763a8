/** Tables for people: columns as wide as their widest cell, no frames, so that they can be cut and searched. */

/** Undefined and null are shown as nothing. */
export type Cell = string | number | boolean | null | undefined;

export interface TableStyle {
  /** Columns of the terminal; absent: as wide as need be. */
  readonly width?: number;
  readonly colours: boolean;
}

const PLAIN: TableStyle = { colours: false };
const GAP = '  ';
/** No column is made narrower to fit into the terminal. */
const NARROWEST = 8;

/** Of the answer that is being written: the texts of commands are made of tables deep inside, and know nothing of terminals. */
let style = PLAIN;

/** What `text` makes, with its tables in this style. */
export function inTableStyle(wanted: TableStyle, text: () => string): string {
  const before = style;
  style = wanted;
  try {
    return text();
  } finally {
    style = before;
  }
}

export function formatTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [columns.map((column) => column.toUpperCase()), ...rows.map((row) => row.map(textOf))];
  const wished = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const widths = style.width === undefined ? wished : fitting(wished, style.width);
  return lines
    .map((line, row) =>
      line
        .map((cell, index) => cut(cell, widths[index] ?? 0))
        .map((cell, index) => [index === line.length - 1 ? cell : cell.padEnd(widths[index] ?? 0), cell] as const)
        .map(([padded, cell]) => (row === 0 ? padded : coloured(padded, cell)))
        .join(GAP)
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** The widest columns give way first, so that short ones, which are ids and states, stay whole. */
function fitting(wished: readonly number[], width: number): readonly number[] {
  const widths = [...wished];
  const gaps = GAP.length * (widths.length - 1);
  for (let over = widths.reduce((sum, one) => sum + one, gaps) - width; over > 0; ) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    const index = widths.lastIndexOf(widest);
    const next = Math.max(NARROWEST, ...widths.filter((one) => one < widest));
    const less = Math.max(1, Math.min(over, widest - next));
    widths[index] = widest - less;
    over -= less;
  }
  return widths;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(1, width - 1))}…`;
}

const [GREEN, RED, YELLOW, CYAN, DIM] = [32, 31, 33, 36, 2];
/** Words that tell how something is, wherever they are the whole of a cell. */
const COLOURS: Readonly<Record<string, number>> = {
  success: GREEN,
  ok: GREEN,
  failed: RED,
  fail: RED,
  error: RED,
  upstream_failed: RED,
  warn: YELLOW,
  waits: YELLOW,
  up_for_retry: YELLOW,
  up_for_reschedule: YELLOW,
  awaiting_input: YELLOW,
  paused: YELLOW,
  running: CYAN,
  queued: CYAN,
  deferred: CYAN,
  skipped: DIM,
  none: DIM,
  removed: DIM,
};

function coloured(padded: string, cell: string): string {
  const colour = style.colours ? COLOURS[cell] : undefined;
  return colour === undefined ? padded : `\u001b[${colour}m${cell}\u001b[0m${padded.slice(cell.length)}`;
}

/** `name  value` lines; those without a value are left out. */
export function formatFacts(facts: readonly (readonly [name: string, value: Cell])[]): string {
  const shown = facts.filter(([, value]) => value !== undefined && value !== null && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}${GAP}${coloured(textOf(value), textOf(value))}\n`).join('');
}

/** One cell is one line, whatever stands in it. */
function textOf(cell: Cell): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a name from elsewhere must not move the cursor
  return String(cell ?? '').replaceAll(/[\u0000-\u001f\u007f]+/g, ' ');
}
