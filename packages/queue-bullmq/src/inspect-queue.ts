/** What `headrace doctor` asks the server of the queues. Changes nothing. */
import { Redis } from 'ioredis';

export type QueueInspection =
  | { readonly kind: 'postgres' }
  | {
      readonly kind: 'redis';
      readonly serverVersion: string;
      /** Absent: the server does not tell. */
      readonly evictionPolicy?: string;
      /** It writes down what it holds: by append-only file, or by snapshots. */
      readonly persistence: readonly ('aof' | 'rdb')[];
      readonly memory: { readonly usedBytes: number /** 0: no limit. */; readonly mostBytes: number };
    };

const PATIENCE_MS = 3_000;

/** Throws what the connection says. */
export async function inspectQueue(url: string): Promise<QueueInspection> {
  if (/^postgres(ql)?:/.test(url)) return { kind: 'postgres' };
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    connectTimeout: PATIENCE_MS,
    commandTimeout: PATIENCE_MS,
    disconnectTimeout: 200,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const info = factsOf(await client.info());
    const policy = info.get('maxmemory_policy');
    const snapshots = await snapshotsOf(client);
    return {
      kind: 'redis',
      serverVersion: info.get('redis_version') ?? 'unknown',
      ...(policy === undefined ? {} : { evictionPolicy: policy }),
      persistence: [...(info.get('aof_enabled') === '1' ? (['aof'] as const) : []), ...(snapshots ? (['rdb'] as const) : [])],
      memory: { usedBytes: Number(info.get('used_memory') ?? 0), mostBytes: Number(info.get('maxmemory') ?? 0) },
    };
  } finally {
    client.disconnect();
  }
}

/** Servers that are rented out often refuse CONFIG: then nothing is known of snapshots. */
async function snapshotsOf(client: Redis): Promise<boolean> {
  try {
    const [, save = ''] = (await client.config('GET', 'save')) as [string, string];
    return save !== '';
  } catch {
    return false;
  }
}

function factsOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
