/** Params of a run from the command line. */
import { UsageError } from './failures.ts';

/** Commander's collector for a repeatable `--param name=value`. */
export function collectParam(text: string, before: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--param takes name=value, not "${text}"`);
  return { ...before, [text.slice(0, at)]: parseValue(text.slice(at + 1)) };
}

/** What is JSON is taken as JSON, so that 3 is a number and [1,2] a list; everything else is a text. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `--params` gives all at once, `--param` goes before it. */
export function mergeParams(json: string | undefined, single: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return { ...(json === undefined ? {} : parseObject(json)), ...single };
}

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UsageError(`--params is no JSON: ${(error as Error).message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new UsageError('--params must be a JSON object, such as \'{"limit": 3}\'');
  return value as Record<string, unknown>;
}

/** A date alone means its first instant in UTC. */
export function instantOption(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const full = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(full);
  if (!zoned || Number.isNaN(Date.parse(full)))
    throw new UsageError(`${name} must be a date, or a date and time with zone such as 2024-05-01T02:00:00Z, not "${text}"`);
  return new Date(full).toISOString();
}

/** Of a mapped task. Throws UsageError. */
export function mapIndexOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const index = Number(text);
  if (!Number.isInteger(index) || index < 0) throw new UsageError(`--map-index must be a number from 0, not "${text}"`);
  return index;
}
