/**
 * The API that a command talks to, and the token it sends.
 *
 * A1. An option goes before the environment, that before the current profile, and that before the API of this machine.
 * A2. A token goes only to the server it is for: a profile's to its URL, the one in HEADRACE_HOME to this machine.
 */
import { createClient, type HeadraceClient } from '@headrace/client';
import { type Configuration, loadConfiguration } from '@headrace/configuration';
import type { Command } from 'commander';
import { NotFoundError, UsageError } from './failures.ts';
import { readLocalToken } from './local-token.ts';
import type { OutputFormat } from './output/output-format.ts';
import { profileNamed, readProfiles } from './profiles.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  readonly client: HeadraceClient;
  readonly output: OutputFormat;
  /** The answer is for a program: stdout holds one document and nothing else. */
  readonly json: boolean;
  readonly terminal: Terminal;
}

interface GlobalOptions {
  readonly url?: string;
  readonly token?: string;
  readonly profile?: string;
  readonly output: OutputFormat;
}

export async function openSession(command: Command, terminal: Terminal): Promise<Session> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const { output = 'table' } = options;
  const { url, token } = await findServer(options, terminal);
  const client = createClient({ url, client: 'cli', ...(token === undefined ? {} : { token }) });
  return { client, output, json: output !== 'table', terminal };
}

interface Server {
  readonly url: string;
  readonly token?: string | undefined;
}

/** Throws UsageError, NotFoundError for a profile that is not there, ConfigurationError. */
export async function findServer(options: Partial<GlobalOptions>, terminal: Terminal): Promise<Server> {
  if (options.url !== undefined && !/^https?:\/\//.test(options.url))
    throw new UsageError(`--url must be an http:// or https:// URL, not "${options.url}"`);
  const configuration = await loadConfiguration({ env: terminal.env });
  const found = serverOf(options, configuration, terminal);
  return { url: options.url ?? found.url, token: options.token ?? tokenFor(options.url ?? found.url, found, configuration) };
}

function serverOf({ profile }: Partial<GlobalOptions>, configuration: Configuration, { env }: Terminal): Server {
  if (profile !== undefined) return profileNamed(readProfiles(env), profile);
  if (configuration.profile !== undefined) {
    const named = profileNamed(readProfiles(env), configuration.profile);
    return {
      url: configuration.url ?? named.url,
      token: configuration.token ?? (configuration.url === undefined ? named.token : undefined),
    };
  }
  if (configuration.url !== undefined) return { url: configuration.url, token: configuration.token };
  const profiles = readProfiles(env);
  if (profiles.current !== undefined) {
    const current = profileNamed(profiles, profiles.current);
    return { url: current.url, token: configuration.token ?? current.token };
  }
  return { url: localUrl(configuration), token: configuration.token };
}

function tokenFor(url: string, server: Server, configuration: Configuration): string | undefined {
  const same = originOf(url) === originOf(server.url);
  const known = same ? server.token : configuration.token;
  return known ?? (isThisMachine(url, configuration) ? readLocalToken(configuration.home) : undefined);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function isThisMachine(url: string, { host }: Configuration): boolean {
  if (!URL.canParse(url)) return false;
  const name = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return name === host || name === 'localhost' || name === '::1' || name.startsWith('127.');
}

function localUrl({ host, port }: Configuration): string {
  // A server that listens on all addresses is reached at this machine's own.
  const own = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${own.includes(':') ? `[${own}]` : own}:${port}`;
}

/** `latest` is the newest run of the DAG. Throws NotFoundError when there is none. */
export async function resolveRunId(client: HeadraceClient, dagId: string, given: string): Promise<string> {
  if (given !== 'latest') return given;
  const { dag_runs } = await client.runs(dagId, { limit: 1, order_by: '-run_after' });
  const [newest] = dag_runs;
  if (newest === undefined) throw new NotFoundError(`DAG "${dagId}" has no run yet: start one with \`headrace dags trigger ${dagId}\``);
  return newest.dag_run_id;
}
