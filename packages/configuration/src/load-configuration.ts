/**
 * Reads the configuration, once, at the start of a process.
 *
 * G1. The environment goes before `headrace.config.ts`, and that before the defaults. An empty variable counts as none.
 * G2. Nothing is guessed: an unknown name or a bad value stops the start, and all problems are told together.
 * G3. No error repeats a secret.
 */
import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Value } from 'typebox/value';
import { ConfigurationError } from './configuration-error.ts';
import { nearestName } from './nearest-name.ts';
import { type Configuration, connectionPrefix, environmentNames, notesOf, type SettingName, settingNames, settings } from './settings.ts';

export interface ConfigurationSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: `headrace.config.ts` in the working folder, if it is there. A file named here must be there. */
  readonly file?: string;
  /** Relative folders start here. Default: the process's working folder. */
  readonly cwd?: string;
}

const connectionId = /^[a-z][a-z0-9_]*$/;

/** Throws ConfigurationError. */
export async function loadConfiguration({ env, file, cwd = process.cwd() }: ConfigurationSources): Promise<Configuration> {
  const problems: string[] = [];
  const written = await readFile(file, cwd, problems);
  reportUnknownNames(env, written, problems);

  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames) {
    const { env: variable, default: fallback } = notesOf(name);
    const text = env[variable];
    if (text !== undefined && text !== '') values[name] = checked(name, variable, parsed(name, text), problems);
    else if (written[name] !== undefined) values[name] = checked(name, name, written[name], problems);
    else if (fallback !== undefined) values[name] = fallback;
  }
  const connections = readConnections(env, written.connections, problems);
  if (problems.length > 0) throw new ConfigurationError(problems);

  const configuration = { ...values, connections } as Configuration;
  const home = resolve(cwd, configuration.home);
  return {
    ...configuration,
    home,
    dags: resolve(cwd, configuration.dags),
    objects: configuration.objects === '' ? pathToFileURL(join(home, 'objects')).href : configuration.objects,
  };
}

async function readFile(file: string | undefined, cwd: string, problems: string[]): Promise<Record<string, unknown>> {
  const path = resolve(cwd, file ?? 'headrace.config.ts');
  if (!existsSync(path)) {
    if (file !== undefined) problems.push(`the configuration file ${isAbsolute(file) ? file : path} does not exist`);
    return {};
  }
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
    if (isRecord(module.default)) return module.default;
    problems.push(`${path} must export an object as its default`);
  } catch (error) {
    problems.push(`${path} cannot be loaded: ${error}`);
  }
  return {};
}

function reportUnknownNames(env: ConfigurationSources['env'], written: Record<string, unknown>, problems: string[]): void {
  const hint = (name: string, known: readonly string[]): string => {
    const near = nearestName(name, known);
    return near === undefined ? '' : `; did you mean ${near}?`;
  };
  for (const name of Object.keys(env).sort()) {
    // Settings of our own tests may be around when a test starts a process.
    if (!name.startsWith('HEADRACE_') || name.startsWith(connectionPrefix) || name.startsWith('HEADRACE_TEST_')) continue;
    if (!environmentNames.includes(name)) problems.push(`${name} is no setting${hint(name, environmentNames)}`);
  }
  const keys = [...settingNames, 'connections'];
  for (const name of Object.keys(written)) {
    if (!keys.includes(name)) problems.push(`"${name}" in the configuration file is no setting${hint(name, keys)}`);
  }
}

/** The text of a variable as the type that its setting has; what does not look like it stays a text and fails the check. */
function parsed(name: SettingName, text: string): unknown {
  switch (notesOf(name).type) {
    case 'integer':
      return /^-?\d+$/.test(text.trim()) ? Number(text) : text;
    case 'array':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    default:
      return text;
  }
}

function checked(name: SettingName, where: string, value: unknown, problems: string[]): unknown {
  const { expected, secret = false } = notesOf(name);
  const url = typeof value === 'string' && expected.endsWith('URL');
  if (!Value.Check(settings[name], value) || (url && !URL.canParse(value))) {
    problems.push(`${where} must be ${expected}${secret ? '' : `, not ${JSON.stringify(value)}`}`);
  }
  return value;
}

function readConnections(env: ConfigurationSources['env'], written: unknown, problems: string[]): Record<string, string> {
  const connections: Record<string, string> = {};
  const add = (where: string, id: string, url: unknown): void => {
    if (!connectionId.test(id))
      problems.push(`${where}: "${id}" cannot be the id of a connection; use a letter, then letters, digits and _`);
    else if (typeof url !== 'string' || !URL.canParse(url)) problems.push(`${where} must be a URL`);
    else connections[id] = url;
  };
  if (isRecord(written)) for (const [id, url] of Object.entries(written)) add(`connections.${id}`, id, url);
  else if (written !== undefined) problems.push('connections must be an object of URLs by id');
  for (const [name, url] of Object.entries(env)) {
    if (name.startsWith(connectionPrefix) && url !== undefined && url !== '')
      add(name, name.slice(connectionPrefix.length).toLowerCase(), url);
  }
  return connections;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
