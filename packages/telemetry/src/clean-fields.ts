/**
 * Makes a log's fields safe to write.
 *
 * Y1. The value of a field whose name speaks of a secret is never written, whatever it is.
 * Y2. In every text, known secret values and passwords inside URLs are masked.
 * Y3. What cannot be JSON (errors, bigints, cycles, functions) becomes something that can; logging never throws.
 */
import { isNativeError } from 'node:util/types';
import { mask } from './secrets.ts';

const secretKey = /password|passwd|passphrase|secret|token|authorization|apikey|accesskey|accesstoken|privatekey|credential|cookie/;
const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@]*):[^\s/?#]+@/gi;
const deepest = 8;
const longestList = 1_000;

export function cleanText(text: string, secrets: RegExp | undefined): string {
  const known = secrets === undefined ? text : text.replace(secrets, mask);
  return known.includes('://') ? known.replace(urlPassword, `$1:${mask}@`) : known;
}

export function cleanFields(fields: Readonly<Record<string, unknown>>, secrets: RegExp | undefined): Record<string, unknown> {
  return cleanEntries(Object.entries(fields), secrets, new Set([fields]));
}

function cleanEntries(
  entries: readonly [string, unknown][],
  secrets: RegExp | undefined,
  above: ReadonlySet<object>,
): Record<string, unknown> {
  const cleaned: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const speaksOfSecret = secretKey.test(key.toLowerCase().replaceAll(/[^a-z]/g, ''));
    cleaned[key] =
      speaksOfSecret && value !== null && value !== undefined && typeof value !== 'boolean' ? mask : cleanValue(value, secrets, above);
  }
  return cleaned;
}

function cleanValue(value: unknown, secrets: RegExp | undefined, above: ReadonlySet<object>): unknown {
  switch (typeof value) {
    case 'string':
      return cleanText(value, secrets);
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'function':
      return `[function ${value.name}]`;
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null) return value;
  if (above.has(value)) return '[circular]';
  if (above.size > deepest) return '[too deep]';
  const path = new Set(above).add(value);
  if (Array.isArray(value)) return value.slice(0, longestList).map((item) => cleanValue(item, secrets, path));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return cleanText(value.href, secrets);
  if (value instanceof Map) return cleanValue(Object.fromEntries([...value].map(([key, item]) => [String(key), item])), secrets, path);
  if (value instanceof Set) return cleanValue([...value], secrets, path);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (isNativeError(value)) return cleanEntries(errorEntries(value), secrets, path);
  return cleanEntries(Object.entries(value), secrets, path);
}

/** An error's message and stack are not enumerable; its code and what else a library hung onto it are. */
function errorEntries(error: Error): [string, unknown][] {
  const entries: [string, unknown][] = [
    ['type', error.name],
    ['message', error.message],
    ['stack', error.stack],
    ...Object.entries(error).filter(([key]) => key !== 'name'),
  ];
  if (error.cause !== undefined) entries.push(['cause', error.cause]);
  if (error instanceof AggregateError) entries.push(['errors', error.errors]);
  return entries;
}
