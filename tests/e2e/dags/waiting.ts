/** Tasks that wait for everything there is, a crowd of them in a pool of one slot, and a task mapped over a long result. */
import { writeFileSync } from 'node:fs';
import { dag, task } from '@headrace/sdk';
import { z } from 'zod';

export const waiting = dag(
  'waiting',
  { params: z.object({ addressFile: z.string().default(''), until: z.number().default(0) }) },
  ({ params }) => {
    task('time', { in: { until: params.until } }, async ({ wait, until }) => {
      await wait.until(until);
      return 'in time';
    });
    task('call', { in: { addressFile: params.addressFile } }, async ({ wait, addressFile }) =>
      wait.webhook({ announce: (path) => writeFileSync(addressFile, path) }),
    );
    task('person', async ({ wait }) =>
      wait.input({ subject: 'Load it?', schema: z.object({ rows: z.int().min(1) }) }, { timeout: '1 day' }),
    );
    task('data', async ({ wait }) => (await wait.asset('waited_for')).extra);
    task('run', async ({ wait }) => wait.run({ dagId: 'numbers', runId: 'waited_for' }));
    task('plain', () => 'at once');
  },
);

export const crowd = dag('crowd', { maxActiveTasks: 500 }, () => {
  for (let each = 0; each < 100; each++) task(`wait_${each}`, { pool: 'narrow', priority: 2 }, async ({ wait }) => wait.for('1 hour'));
  task('another', { pool: 'narrow' }, () => 'ran');
});

export const numbers = dag('numbers', { maxActiveTasks: 500, params: z.object({ count: z.number().default(3) }) }, ({ params }) => {
  const list = task('list', { in: { count: params.count } }, ({ count }) => Array.from({ length: count }, (_, number) => ({ number })));
  const doubled = task('doubled', { each: list }, ({ item }) => item.number * 2);
  task('sum', { in: { doubled } }, async ({ doubled }) => {
    let sum = 0;
    for await (const each of doubled) sum += each;
    return { count: doubled.length, sum, last: await doubled.at(-1) };
  });
});
