/**
 * A document as CSV (RFC 4180).
 *
 * C1. The rows are those of the document's list (`dags`, `task_instances` …); a document without a list is one row.
 * C2. A column is a field of the rows, in the order in which the fields first appear; what is nested stands there as JSON.
 */
export function formatCsv(document: unknown): string {
  const rows = rowsOf(document);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [columns.map(quoted), ...rows.map((row) => columns.map((column) => quoted(cellOf(row[column]))))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(document: unknown): readonly Row[] {
  if (Array.isArray(document)) return document.map(rowOf);
  const lists = isRecord(document) ? Object.values(document).filter((value) => Array.isArray(value)) : [];
  const [list, ...others] = lists;
  // One list and counts beside it is a page of that list; anything else is a thing of its own.
  const counts = isRecord(document) ? Object.entries(document).every(([name, value]) => Array.isArray(value) || isAboutPage(name)) : false;
  return list !== undefined && others.length === 0 && counts ? list.map(rowOf) : [rowOf(document)];
}

function isAboutPage(name: string): boolean {
  return ['total_entries', 'next_cursor', 'previous_cursor', 'continuation_token', 'dag_id'].includes(name);
}

function rowOf(value: unknown): Row {
  return isRecord(value) ? value : { value };
}

function isRecord(value: unknown): value is Row {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
