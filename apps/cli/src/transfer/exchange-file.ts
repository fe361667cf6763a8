/**
 * Files that connections, variables and pools are exported to and imported from: JSON, YAML or, where it fits, `.env`.
 *
 * X1. They are Airflow's: an object by id, so that either can read what the other wrote. An answer of our API is read, too.
 * X2. A file that holds secrets is readable by its owner alone.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { parse, stringify } from 'yaml';
import { UsageError } from '../failures.ts';
import { secretFromStdin } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';

export type ExchangeFormat = 'json' | 'yaml' | 'env';
export type Entries = Readonly<Record<string, unknown>>;

/** By the option, else by the name of the file, else JSON. Throws UsageError. */
export function formatOf(wanted: string | undefined, file: string | undefined, known: readonly ExchangeFormat[]): ExchangeFormat {
  const byName: Readonly<Record<string, ExchangeFormat>> = { '.yaml': 'yaml', '.yml': 'yaml', '.env': 'env' };
  const extension = file === undefined ? '' : file.endsWith('.env') ? '.env' : extname(file);
  const format = (wanted as ExchangeFormat | undefined) ?? byName[extension] ?? 'json';
  if (!known.includes(format)) throw new UsageError(`The format must be ${known.join(' or ')}, not "${format}"`);
  return format;
}

/** `file`: `-` for standard input. `list`: the field of our API's answers. `idOf`: what its items are called by. */
export async function readEntries(
  file: string,
  { format, list, idOf, terminal }: { format: ExchangeFormat; list: string; idOf: string; terminal: Terminal },
): Promise<Entries> {
  const text = file === '-' ? await secretFromStdin(terminal) : readText(file);
  const value = format === 'env' ? parseEnv(text, file) : parseDocument(text, file, format);
  if (!isRecord(value)) throw new UsageError(`${file} must hold an object by id`);
  const items = value[list];
  if (!Array.isArray(items)) return value;
  return Object.fromEntries(
    items.map((item: unknown) => {
      const id = isRecord(item) ? item[idOf] : undefined;
      if (typeof id !== 'string') throw new UsageError(`${file}: each of "${list}" must have "${idOf}"`);
      return [id, item];
    }),
  );
}

/** `file` absent: standard output. */
export function writeEntries(
  entries: Entries,
  { file, format, terminal, secret }: { file: string | undefined; format: ExchangeFormat; terminal: Terminal; secret: boolean },
): void {
  const text = formatEntries(entries, format);
  if (file === undefined || file === '-') {
    terminal.stdout.write(text);
    return;
  }
  writeFileSync(file, text, secret ? { mode: 0o600 } : {});
  if (secret) chmodSync(file, 0o600);
}

function formatEntries(entries: Entries, format: ExchangeFormat): string {
  if (format === 'json') return `${JSON.stringify(entries, null, 2)}\n`;
  if (format === 'yaml') return stringify(entries, { lineWidth: 0 });
  return Object.entries(entries)
    .map(([id, value]) => `${id}=${String(value)}\n`)
    .join('');
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function parseDocument(text: string, file: string, format: 'json' | 'yaml'): unknown {
  try {
    return format === 'json' ? JSON.parse(text) : parse(text);
  } catch (error) {
    // The message of a parser may repeat what stands there, which may be a secret.
    const place = /(?:line|position) \d+(?:[, ]+column \d+)?/.exec((error as Error).message)?.[0];
    throw new UsageError(`${file} is no ${format.toUpperCase()}${place === undefined ? '' : ` (${place})`}`);
  }
}

function parseEnv(text: string, file: string): Entries {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return Object.fromEntries(
    lines.flatMap((line, index) => {
      if (line === '' || line.startsWith('#')) return [];
      const at = line.indexOf('=');
      if (at < 1) throw new UsageError(`${file}, line ${index + 1}: must be name=value`);
      return [[line.slice(0, at).trim(), line.slice(at + 1).trim()]];
    }),
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
