import { silentLog } from '@headrace/ports';
import { taskQueueConformance } from '@headrace/ports/conformance/task-queue';
import * as jest from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { startRedis } from '../../../tests/support/redis-server.ts';
import { createTaskConsumer, createTaskQueue } from '../src/index.ts';
import { jobId } from '../src/message.ts';
import { bullQueueName } from '../src/queue-name.ts';
import { outageMs, testTiming } from './timing.ts';

taskQueueConformance(jest, {
  name: 'BullMQ on Redis',
  outageMs,
  async open() {
    const server = await startRedis();
    const { url } = server;
    const inQueue = async (
      space: string,
      queue: string,
      work: (bull: Pick<Queue, 'add' | 'remove'>) => Promise<unknown>,
    ): Promise<void> => {
      const connection = new Redis(url, { maxRetriesPerRequest: null });
      const bull = new Queue(bullQueueName(queue), { connection, prefix: space });
      await work(bull);
      await bull.close();
      connection.disconnect();
    };
    return {
      queue: (prefix) => createTaskQueue({ url, prefix, log: silentLog }),
      consumer: (prefix, workerId) => createTaskConsumer({ url, prefix, log: silentLog, workerId, timing: testTiming }),
      forge: (space, queue, id, data) => inQueue(space, queue, (bull) => bull.add('task', data, { jobId: id })),
      lose: (space, message) => inQueue(space, message.queue, (bull) => bull.remove(jobId(message))),
      async wipe() {
        const connection = new Redis(url);
        await connection.flushall();
        connection.disconnect();
      },
      async cut() {
        await server.kill9();
        return () => server.restart();
      },
      close: () => server.stop(),
    };
  },
});
