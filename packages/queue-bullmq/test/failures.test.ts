import { randomUUID } from 'node:crypto';
import { type Dispatch, type Log, type Metrics, noMetrics, silentLog } from '@headrace/ports';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { freePort } from '../../../tests/support/free-port.ts';
import { startRedis } from '../../../tests/support/redis-server.ts';
import { createTaskConsumer, createTaskQueue, migrateQueue, QueueUrlError } from '../src/index.ts';
import { openBlackHole } from './black-hole.ts';
import { createTestDatabase } from './test-database.ts';
import { testTiming } from './timing.ts';

let cleanups: (() => Promise<unknown>)[] = [];
const later = <T>(thing: T, end: (thing: T) => Promise<unknown>): T => {
  cleanups.push(() => end(thing));
  return thing;
};
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

const message = (queue = 'default'): Dispatch => ({ taskInstanceId: '1', attemptId: randomUUID(), sequence: 1, queue, priority: 0 });

describe('a queue whose server fails', () => {
  test('that was never there is refused, not waited for', async () => {
    for (const scheme of ['redis', 'postgres']) {
      const queue = later(createTaskQueue({ url: `${scheme}://127.0.0.1:${await freePort()}/x`, log: silentLog }), (one) => one.close());
      await expect(queue.send([message()])).rejects.toMatchObject({
        code: 'HR_QUEUE_UNAVAILABLE',
        message: expect.stringContaining('ECONNREFUSED'),
      });
    }
  });

  test('that takes connections and answers nothing is refused after a while', async () => {
    const redis = later(await startRedis(), (one) => one.stop());
    const hole = later(await openBlackHole({ host: '127.0.0.1', port: Number(new URL(redis.url).port) }), (one) => one.close());
    const queue = later(createTaskQueue({ url: `redis://127.0.0.1:${hole.port}`, log: silentLog }), (one) => one.close());
    await queue.send([message()]);
    hole.swallow();
    await expect(queue.send([message()])).rejects.toMatchObject({ code: 'HR_QUEUE_UNAVAILABLE' });
    // The next call connects anew.
    await queue.send([message()]);
    expect(await queue.depth(['default'])).toEqual(new Map([['default', 2]]));
  });

  test('that is full is unavailable, and available again when it is not', async () => {
    const redis = later(await startRedis(), (one) => one.stop());
    const admin = later(new Redis(redis.url), async (one) => one.disconnect());
    const queue = later(createTaskQueue({ url: redis.url, log: silentLog }), (one) => one.close());
    await admin.config('SET', 'maxmemory', '1');
    await expect(queue.send([message()])).rejects.toMatchObject({ code: 'HR_QUEUE_UNAVAILABLE', message: expect.stringContaining('OOM') });
    await admin.config('SET', 'maxmemory', '0');
    await queue.send([message()]);
  });

  test('that lacks its tables says what to run', async () => {
    const database = later(await createTestDatabase(), (one) => one.drop());
    const queue = later(createTaskQueue({ url: database.url, log: silentLog }), (one) => one.close());
    await expect(queue.send([message()])).rejects.toThrow(/headrace db migrate/);
    await migrateQueue({ url: database.url });
    await migrateQueue({ url: database.url });
    await queue.send([message()]);
  });

  test('has no URL that could be one', () => {
    expect(() => createTaskQueue({ url: 'amqp://localhost', log: silentLog })).toThrow(QueueUrlError);
    expect(() => createTaskQueue({ url: 'localhost:6379', log: silentLog })).toThrow(/redis:\/\//);
  });
});

describe('a consumer whose connections are wedged', () => {
  test.each([
    ['while it waits for messages', false],
    ['while a handler runs', true],
  ])(
    '%s is connected anew, because messages wait',
    async (_, insideHandler) => {
      const redis = later(await startRedis(), (one) => one.stop());
      const hole = later(await openBlackHole({ host: '127.0.0.1', port: Number(new URL(redis.url).port) }), (one) => one.close());
      const warnings: string[] = [];
      const counted: string[] = [];
      const log: Log = { ...silentLog, warn: (_, text) => warnings.push(text) };
      const metrics: Metrics = { ...noMetrics, count: (name) => counted.push(name) };
      const received: string[] = [];
      const consumer = later(
        createTaskConsumer({ url: `redis://127.0.0.1:${hole.port}`, log, metrics, workerId: 'w', timing: { ...testTiming, idleMs: 400 } }),
        (one) => one.close(),
      );
      const queue = later(createTaskQueue({ url: redis.url, log: silentLog }), (one) => one.close());
      const sent = [message(), message()] as const;
      await consumer.start(['default'], 1, async ({ attemptId }) => {
        if (insideHandler && received.length === 0) hole.swallow();
        received.push(attemptId);
      });
      await queue.send([sent[0]]);
      await until(async () => received.length === 1);
      if (!insideHandler) {
        await until(async () => (await queue.missing([sent[0]])).length === 1);
        hole.swallow();
      }
      await queue.send([sent[1]]);
      await until(async () => received.includes(sent[1].attemptId));
      expect(warnings).toContain('Messages wait but none is received: connecting anew');
      expect(counted).toContain('headrace_queue_reader_renewals_total');
    },
    60_000,
  );
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
