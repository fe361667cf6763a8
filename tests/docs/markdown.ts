/** Tables of the references. */

/** Text within a cell: on one line, and what Markdown or HTML would read otherwise as it is. */
export function cell(text: string): string {
  return prose(text.replaceAll(/\s+/g, ' ').trim()).replaceAll('|', '\\|');
}

/** What HTML would read otherwise must be changed; in code it stands for itself. */
export function prose(text: string): string {
  return text
    .split(/(``.*?``|`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll('<', '&lt;')))
    .join('');
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
