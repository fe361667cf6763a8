/**
 * What a DAG folder needs before its DAGs can run on a laptop: demo databases, sample rows, connections.
 * `_standalone.ts` in the DAG folder tells; without that file nothing is prepared.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Configuration } from '@headrace/configuration';
import type { Log } from '@headrace/ports';

/** What `prepare` is given. */
export interface StandaloneServices {
  /** The URL of a database in the embedded PostgreSQL, made if need be. */
  database(name: string): Promise<string>;
  /** HEADRACE_HOME, absolute. */
  readonly home: string;
  /** The DAG folder, absolute. */
  readonly dags: string;
}

/** Called at every start, so it must be safe to repeat. Answers with connection URLs by id; what the user configured goes before them. */
export type Prepare = (services: StandaloneServices) => Promise<Readonly<Record<string, string>>>;

class PreparationError extends Error {
  readonly code = 'HR_STANDALONE_PREPARATION';
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`${file}: ${why}`, options);
    this.name = 'PreparationError';
  }
}

export async function prepareDags(
  { home, dags }: Pick<Configuration, 'home' | 'dags'>,
  { database, log }: { database(name: string): Promise<string>; log: Log },
): Promise<Readonly<Record<string, string>>> {
  const file = join(resolve(dags), '_standalone.ts');
  if (!existsSync(file)) return {};
  const module = (await import(pathToFileURL(file).href)) as { prepare?: Prepare };
  if (typeof module.prepare !== 'function') throw new PreparationError(file, 'must export a function `prepare`');
  const connections = await module.prepare({ database, home: resolve(home), dags: resolve(dags) });
  log.info({ connections: Object.keys(connections) }, 'the DAG folder was prepared');
  return connections;
}
