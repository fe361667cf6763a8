/** The row sets as files and answers of an API, written here by other means than Headrace's own writers. */
import { elementType } from '@headrace/sdk';
import { COLUMNS, NAMES, type Row } from './hard-rows.ts';

/** A value as PostgreSQL, CSV and XML write it. */
export function plain(name: string, text: string): string {
  return COLUMNS[name as keyof typeof COLUMNS] === 'bytes' ? `\\x${text}` : text;
}

function csv(rows: readonly Row[]): string {
  const cell = (text: string | null, name: string): string => (text === null ? '' : `"${plain(name, text).replaceAll('"', '""')}"`);
  const lines = rows.map((row) => NAMES.map(([name]) => cell(row[name] ?? null, name)).join(','));
  return [NAMES.map(([name]) => name).join(','), ...lines, ''].join('\n');
}

const BARE = new Set(['boolean', 'int2', 'int8', 'numeric', 'float8', 'json']);

/** A record as JSON; numbers with all their digits. */
function record(row: Row): string {
  const value = (text: string, name: string, type: string): string =>
    BARE.has(type) || type.startsWith('decimal') ? text : JSON.stringify(plain(name, text));
  const members = NAMES.filter(([, type]) => elementType(type) === undefined).map(([name, type]) => {
    const text = row[name] ?? null;
    return `${JSON.stringify(name)}:${text === null ? 'null' : value(text, name, type)}`;
  });
  return `{${members.join(',')}}`;
}

function xml(rows: readonly Row[]): string {
  const escaped = (text: string): string => text.replace(/[<>&\r]/g, (character) => `&#${character.charCodeAt(0)};`);
  const element = (row: Row): string =>
    NAMES.flatMap(([name]) => (row[name] == null ? [] : [`<${name}>${escaped(plain(name, row[name]))}</${name}>`])).join('');
  return `<?xml version="1.0"?>\n<rows>\n${rows.map((row) => `<row>${element(row)}</row>`).join('\n')}\n</rows>\n`;
}

export const records = (rows: readonly Row[]): string => `[${rows.map(record).join(',\n')}]`;

/** Format → the whole file. */
export const WRITTEN = {
  csv,
  ndjson: (rows: readonly Row[]) => rows.map((row) => `${record(row)}\n`).join(''),
  json: records,
  xml,
} as const;
