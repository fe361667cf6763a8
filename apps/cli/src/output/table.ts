/** Tables for people: columns as wide as their widest cell, no frames, so that they can be cut and searched. */

/** Undefined and null are shown as nothing. */
export type Cell = string | number | boolean | null | undefined;

export function formatTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [columns.map((column) => column.toUpperCase()), ...rows.map((row) => row.map(textOf))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, index) => (index === line.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** `name  value` lines; those without a value are left out. */
export function formatFacts(facts: readonly (readonly [name: string, value: Cell])[]): string {
  const shown = facts.filter(([, value]) => value !== undefined && value !== null && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${textOf(value)}\n`).join('');
}

/** One cell is one line, whatever stands in it. */
function textOf(cell: Cell): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a name from elsewhere must not move the cursor
  return String(cell ?? '').replaceAll(/[\u0000-\u001f\u007f]+/g, ' ');
}
