import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres } from './postgres-server.ts';
import { startRedis } from './redis-server.ts';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function inRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

describe('the PostgreSQL of the tests', () => {
  test.each([undefined, 'embedded'] as const)(
    'flavour %s: what was committed survives a SIGKILL, and stop leaves nothing behind',
    async (flavour) => {
      const server = await startPostgres({ flavour });
      try {
        await query(server.url, 'create table ledger as select 42 as answer');
        await server.kill9();
        await server.restart();
        expect(await query(server.url, 'select answer from ledger')).toEqual([{ answer: 42 }]);
      } finally {
        const [{ data_directory: data } = {}] = await query(server.url, 'show data_directory');
        await server.stop();
        expect(existsSync(data as string)).toBe(false);
      }
    },
  );

  test('is as durable as a production server, and of major 18 when embedded', async () => {
    const server = await startPostgres({ flavour: 'embedded', settings: { max_connections: '50' } });
    try {
      const names = "'fsync', 'synchronous_commit', 'full_page_writes', 'max_connections', 'listen_addresses'";
      const settings = await query(server.url, `select name, setting from pg_settings where name in (${names}) order by name`);
      expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
        fsync: 'on',
        full_page_writes: 'on',
        listen_addresses: '127.0.0.1',
        max_connections: '50',
        synchronous_commit: 'on',
      });
      expect(await query(server.url, "select current_setting('server_version_num')::int / 10000 as major")).toEqual([{ major: 18 }]);
    } finally {
      await server.stop();
    }
  });

  test('says what the server said when it cannot start', async () => {
    await expect(startPostgres({ settings: { max_connections: 'many' } })).rejects.toThrow(/did not start:[\s\S]*max_connections/);
  });
});

describe('the Redis of the tests', () => {
  test('forgets everything when it is killed, unless it has an append-only file', async () => {
    for (const appendonly of [false, true]) {
      const server = await startRedis({ appendonly });
      try {
        await inRedis(server.url, async (redis) => {
          await redis.set('answer', '42');
          expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
        });
        await server.kill9();
        await server.restart();
        expect(await inRedis(server.url, (redis) => redis.get('answer'))).toBe(appendonly ? '42' : null);
      } finally {
        await server.stop();
      }
    }
  });
});
