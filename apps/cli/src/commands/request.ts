/** `headrace api GET /path`: any route of the API, also those that have no command. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { openSession } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatFacts } from '../output/table.ts';
import { secretFromStdin } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';

export interface RequestOptions {
  readonly body?: string;
  readonly query?: readonly string[];
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

/** A path without a version is one of Airflow's: `/dags` is `/api/v2/dags`. */
export async function sendRequest(
  given: string,
  path: string | undefined,
  options: RequestOptions,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  const method = given.toUpperCase() as Method;
  if (!METHODS.includes(method))
    throw new UsageError(`"${given}" is no method: ${METHODS.join(', ')}. Without one, \`headrace api\` starts the API`);
  if (path === undefined || !path.startsWith('/')) throw new UsageError('Give the path of the route, such as /dags or /headrace/v1/waits');
  const body = options.body === undefined ? undefined : await bodyOf(options.body, terminal);
  const session = await openSession(command, terminal);
  const whole = /^\/(api|headrace|auth|ui)\//.test(path) || path === '/openapi.json' ? path : `/api/v2${path}`;
  const answer = await session.client.request<unknown>(whole, {
    method,
    query: queryOf(options.query ?? []),
    ...(body === undefined ? {} : { body }),
  });
  // What a route gives is known to nobody here: people get JSON, too.
  const output = session.output === 'table' ? 'json' : session.output;
  if (answer === undefined) show(session, { done: true }, () => formatFacts([['done', `${method} ${whole}`]]));
  else show({ output, terminal }, answer, () => '');
}

async function bodyOf(given: string, terminal: Terminal): Promise<object> {
  const text = given === '-' ? await secretFromStdin(terminal) : given.startsWith('@') ? readFileSync(given.slice(1), 'utf8') : given;
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object') return value;
  } catch {
    // Said below.
  }
  throw new UsageError('--body must be a JSON object: itself, @file, or - for standard input');
}

function queryOf(given: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const query: Record<string, string[]> = {};
  for (const each of given) {
    const at = each.indexOf('=');
    if (at < 1) throw new UsageError(`--query takes name=value, not "${each}"`);
    const name = each.slice(0, at);
    query[name] = [...(query[name] ?? []), each.slice(at + 1)];
  }
  return query;
}
