import { silentLog } from '@headrace/ports';
import { taskQueueConformance } from '@headrace/ports/conformance/task-queue';
import * as jest from '@jest/globals';
import { createPostgresBackend, Queue } from 'bullmq';
import { createTaskConsumer, createTaskQueue, migrateQueue } from '../src/index.ts';
import { jobId } from '../src/message.ts';
import { bullQueueName } from '../src/queue-name.ts';
import { createTestDatabase } from './test-database.ts';
import { outageMs, testTiming } from './timing.ts';

taskQueueConformance(jest, {
  name: 'BullMQ on Postgres',
  outageMs,
  async open() {
    const database = await createTestDatabase();
    const { url } = database;
    await migrateQueue({ url });
    const inQueue = async (
      space: string,
      queue: string,
      work: (bull: Pick<Queue, 'add' | 'remove'>) => Promise<unknown>,
    ): Promise<void> => {
      const backend = createPostgresBackend('harness', { connection: { connectionString: url, schema: 'headrace_queue' } }, {});
      const bull = new Queue(`${space}/${bullQueueName(queue)}`, { connection: {} }, (name: string) => backend.forQueue(name));
      await work(bull);
      await bull.close();
      await backend.close();
    };
    return {
      queue: (prefix) => createTaskQueue({ url, prefix, log: silentLog }),
      consumer: (prefix, workerId) => createTaskConsumer({ url, prefix, log: silentLog, workerId, timing: testTiming }),
      forge: (space, queue, id, data) => inQueue(space, queue, (bull) => bull.add('task', data, { jobId: id })),
      lose: (space, message) => inQueue(space, message.queue, (bull) => bull.remove(jobId(message))),
      wipe: () => database.run('delete from headrace_queue.job'),
      async cut() {
        await database.administer(`alter database ${database.name} with allow_connections false`);
        await database.administer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database.name}'`);
        return () => database.administer(`alter database ${database.name} with allow_connections true`);
      },
      close: () => database.drop(),
    };
  },
});
