/** The API that a command talks to: found by option, environment, or because it runs on this machine. */
import { createClient, type HeadraceClient } from '@headrace/client';
import { type Configuration, loadConfiguration } from '@headrace/configuration';
import type { Command } from 'commander';
import { UsageError } from './failures.ts';
import { readLocalToken } from './local-token.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly client: HeadraceClient;
  /** `--output json`. */
  readonly json: boolean;
  readonly terminal: Terminal;
}

interface GlobalOptions {
  readonly url?: string;
  readonly output: 'table' | 'json';
}

export async function openSession(command: Command, terminal: Terminal): Promise<Session> {
  const { url, output } = command.optsWithGlobals<GlobalOptions>();
  if (url !== undefined && !/^https?:\/\//.test(url)) throw new UsageError(`--url must be an http:// or https:// URL, not "${url}"`);
  const configuration = await loadConfiguration({ env: terminal.env });
  const token = configuration.token ?? readLocalToken(configuration.home);
  const client = createClient({
    url: url ?? configuration.url ?? localUrl(configuration),
    client: 'cli',
    ...(token === undefined ? {} : { token }),
  });
  return { client, json: output === 'json', terminal };
}

function localUrl({ host, port }: Configuration): string {
  // A server that listens on all addresses is reached at this machine's own.
  const own = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${own.includes(':') ? `[${own}]` : own}:${port}`;
}

/** `latest` is the newest run of the DAG. */
export async function resolveRunId(client: HeadraceClient, dagId: string, given: string): Promise<string> {
  if (given !== 'latest') return given;
  const { dag_runs } = await client.runs(dagId, { limit: 1, order_by: '-run_after' });
  const [newest] = dag_runs;
  if (newest === undefined) throw new UsageError(`DAG "${dagId}" has no run yet: start one with \`headrace dags trigger ${dagId}\``);
  return newest.dag_run_id;
}
