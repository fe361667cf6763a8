/** What `headrace doctor` asks the database, the queue, the object store and the API. */
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { ApiError, createClient } from '@headrace/client';
import { createObjectStore } from '@headrace/objects';
import { inspectQueue, type QueueInspection } from '@headrace/queue-bullmq';
import { type DatabaseInspection, inspectDatabase } from '@headrace/store-postgres';
import { type Diagnosis, fail, ok, reasonOf, skip, warn } from './diagnosis.ts';

const SKEW_WARN_MS = 1_000;
/** A lease is 30 s by default: a clock that is further off ends leases of tasks that run. */
const SKEW_FAIL_MS = 10_000;
const OLDEST_POSTGRES = 14;

export async function diagnoseDatabase(url: string): Promise<readonly Diagnosis[]> {
  let found: DatabaseInspection;
  try {
    found = await inspectDatabase(url);
  } catch (error) {
    const { code } = error as { code?: string };
    const advice =
      code === 'HR_SCHEMA_TOO_NEW'
        ? 'install the newer Headrace that has migrated it'
        : 'see whether DATABASE_URL is right and the server runs';
    return [fail('database', reasonOf(error), advice)];
  }
  return [databaseLine(found), schemaLine(found), clockLine(found)];
}

function databaseLine({ serverVersion, standby, connections }: DatabaseInspection): Diagnosis {
  const found = `PostgreSQL ${serverVersion}, ${connections.used} of ${connections.most} connections in use`;
  if (standby) return fail('database', `${found}; a standby`, 'DATABASE_URL must name the primary');
  if (Number.parseInt(serverVersion, 10) < OLDEST_POSTGRES)
    return fail('database', found, `Headrace needs PostgreSQL ${OLDEST_POSTGRES} or newer`);
  if (connections.used > connections.most * 0.8) return warn('database', found, 'raise max_connections, or put a pooler before it');
  return ok('database', found);
}

function schemaLine({ pending }: DatabaseInspection): Diagnosis {
  return pending.length === 0
    ? ok('schema', 'up to date')
    : fail('schema', `${pending.length} migrations are missing, from ${pending[0]} on`, 'run `headrace db migrate`');
}

function clockLine({ clock }: DatabaseInspection): Diagnosis {
  const skew = Math.abs(clock.server - clock.here);
  const found = `this machine's clock and the database's differ by ${skew < 1_000 ? `${Math.round(skew)} ms` : `${(skew / 1000).toFixed(1)} s`}`;
  const advice = 'have both set by NTP';
  return skew >= SKEW_FAIL_MS ? fail('clock', found, advice) : skew >= SKEW_WARN_MS ? warn('clock', found, advice) : ok('clock', found);
}

export async function diagnoseQueue(url: string | undefined): Promise<Diagnosis> {
  if (url === undefined) return skip('queue', 'REDIS_URL is not set: it is in the database');
  try {
    return queueLine(await inspectQueue(url));
  } catch (error) {
    return fail('queue', reasonOf(error), 'see whether REDIS_URL is right and the server runs');
  }
}

/** @internal for tests */
export function queueLine(found: QueueInspection): Diagnosis {
  if (found.kind === 'postgres') return ok('queue', 'in PostgreSQL');
  const { serverVersion, evictionPolicy, persistence, memory } = found;
  const text = `Redis ${serverVersion}, ${evictionPolicy ?? 'eviction unknown'}, ${persistence.length === 0 ? 'nothing is written down' : persistence.join(' and ')}`;
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction')
    return fail('queue', text, 'set maxmemory-policy to noeviction: else Redis throws messages away when memory is short');
  if (memory.mostBytes > 0 && memory.usedBytes > memory.mostBytes * 0.9)
    return warn('queue', `${text}; its memory is almost full`, 'raise maxmemory');
  return persistence.length === 0
    ? warn('queue', text, 'nothing is lost when it restarts, but tasks wait for some seconds: turn on appendonly')
    : ok('queue', text);
}

export async function diagnoseObjects(url: string): Promise<Diagnosis> {
  const place = url.replace(/\?.*$/, '');
  const key = `doctor/${randomUUID()}`;
  const store = createObjectStore(url);
  try {
    await store.put(key, Buffer.from('headrace'));
    const read = await text(await store.get(key));
    await store.delete(key);
    return read === 'headrace'
      ? ok('objects', `${place} can be written and read`)
      : fail('objects', `${place} gave back something else`, 'see who else writes there');
  } catch (error) {
    return fail('objects', `${place}: ${reasonOf(error)}`, 'see HEADRACE_OBJECTS, and the permissions there');
  }
}

export async function diagnoseApi(
  server: { readonly url: string; readonly token?: string | undefined },
  ownVersion: string,
): Promise<Diagnosis> {
  const { url, token } = server;
  const client = createClient({ url, client: 'cli', signal: AbortSignal.timeout(5_000), ...(token === undefined ? {} : { token }) });
  try {
    const [{ version }, health] = await Promise.all([client.version(), client.health()]);
    const parts = Object.entries(health).flatMap(([name, part]) => {
      const status = (part as { status?: string | null } | null)?.status;
      return status === 'unhealthy' ? [name] : [];
    });
    const found = `${version} at ${url}`;
    if (parts.length > 0) return warn('api', `${found}; unhealthy: ${parts.join(', ')}`, 'see the logs of these processes');
    return version === ownVersion
      ? ok('api', found)
      : warn('api', `${found}, and this is ${ownVersion}`, 'use the same version of Headrace on both sides');
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403))
      return warn('api', `${url}: ${reasonOf(error)}`, 'set HEADRACE_TOKEN, or choose a profile');
    return warn('api', reasonOf(error), 'start it (`headrace api`, `headrace standalone`), or say where it is: HEADRACE_URL');
  }
}
