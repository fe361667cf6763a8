/** What `headrace doctor` looks at of the work itself: DAG files, workers, secrets. */
import { existsSync } from 'node:fs';
import { type Configuration, secretKeysOf } from '@headrace/configuration';
import { createConnectionBook, createKeyring } from '@headrace/connections';
import type { HealthRecord } from '@headrace/ports';
import { silentLog } from '@headrace/ports';
import { createStore } from '@headrace/store-postgres';
import { type Diagnosis, fail, ok, reasonOf, skip, warn } from './diagnosis.ts';

/** Secrets that are tried: one that cannot be read says that the key is another one. */
const MOST_SECRETS = 100;

/** The queues that tasks name, with the first task that does. */
export type NeededQueues = ReadonlyMap<string, string>;

export async function diagnoseDags(dags: string): Promise<{ readonly line: Diagnosis; readonly queues: NeededQueues }> {
  if (!existsSync(dags))
    return {
      line: fail('dags', `there is no folder ${dags}`, 'set HEADRACE_DAGS, or make a project with `headrace init`'),
      queues: new Map(),
    };
  const { readFolder } = await import('../check/read-folder.ts');
  const { files, errors } = await readFolder(dags);
  const specs = files.flatMap((file) => file.dags.map(({ spec }) => spec));
  const queues = new Map(
    specs.flatMap(({ dagId, tasks }) => tasks.map((task) => [task.queue, `${dagId}.${task.taskId}`] as const)).reverse(),
  );
  const [first] = errors;
  if (first !== undefined)
    return {
      line: fail(
        'dags',
        `${errors.length} files do not load; ${first.file}: ${first.message.split('\n', 1)[0]}`,
        'run `headrace dags check`',
      ),
      queues,
    };
  if (specs.length === 0) return { line: warn('dags', `${dags} has no DAGs`, 'a file must export one: export default dag(…)'), queues };
  return { line: ok('dags', `${specs.length} DAGs in ${files.length} files`), queues };
}

/**
 * Who is alive, and whether each queue has somebody who serves it.
 * @internal for tests
 */
export function diagnoseWorkers({ schedulers, workers }: HealthRecord, queues: NeededQueues): readonly Diagnosis[] {
  const alive = workers.filter((worker) => worker.alive);
  const served = new Set(alive.flatMap((worker) => worker.queues));
  const unserved = [...queues].filter(([queue]) => !served.has(queue));
  const slots = alive.reduce((sum, worker) => sum + worker.slots, 0);
  const schedulerCount = schedulers.filter((one) => one.alive).length;
  return [
    schedulerCount === 0
      ? fail('schedulers', 'none is alive', 'start one: `headrace scheduler`, or `headrace standalone`')
      : ok('schedulers', `${schedulerCount} alive`),
    alive.length === 0
      ? fail('workers', 'none is alive', 'start one: `headrace worker`, or `headrace standalone`')
      : ok('workers', `${alive.length} alive, ${slots} slots`),
    ...unserved.map(([queue, task]) =>
      fail('queues', `nobody serves the queue "${queue}" that ${task} names`, `start a worker for it: headrace worker --queues ${queue}`),
    ),
    ...(unserved.length === 0 && queues.size > 0 ? [ok('queues', `${[...queues.keys()].sort().join(', ')} are served`)] : []),
  ];
}

/** Everything that needs the store of a database whose schema is up to date. */
export async function diagnoseStored(
  configuration: Configuration & { readonly databaseUrl: string },
  queues: NeededQueues,
): Promise<readonly Diagnosis[]> {
  const store = createStore({ url: configuration.databaseUrl, log: silentLog });
  try {
    const workers = diagnoseWorkers(await store.queries.health(), queues);
    const keys = secretKeysOf(configuration);
    const book = createConnectionBook(store.connections, createKeyring(keys));
    const { items } = await book.list({}, { limit: MOST_SECRETS, offset: 0 });
    const unreadable: string[] = [];
    for (const { connId } of items) await book.url(connId).catch(() => unreadable.push(connId));
    return [...workers, secretLine(keys.current !== undefined, items.length, unreadable)];
  } catch (error) {
    return [fail('workers', reasonOf(error), 'see the log of the database')];
  } finally {
    await store.close();
  }
}

/** @internal for tests */
export function secretLine(hasKey: boolean, connections: number, unreadable: readonly string[]): Diagnosis {
  if (unreadable.length > 0)
    return fail(
      'secret key',
      `${unreadable.length} of ${connections} connections cannot be decrypted (${unreadable.slice(0, 3).join(', ')})`,
      'set HEADRACE_SECRET_KEY to the key they were encrypted with, or HEADRACE_SECRET_KEY_PREVIOUS and run `headrace connections rotate`',
    );
  if (!hasKey)
    return warn(
      'secret key',
      'there is none: no connection with a password can be kept',
      'set HEADRACE_SECRET_KEY: openssl rand -base64 32',
    );
  return ok('secret key', connections === 0 ? 'there; no connection needs it yet' : `reads all ${connections} connections`);
}

export function secretOfStandalone(configuration: Configuration): Diagnosis {
  return secretKeysOf(configuration).current === undefined
    ? skip('secret key', 'standalone makes one at its first start')
    : ok('secret key', 'there');
}
