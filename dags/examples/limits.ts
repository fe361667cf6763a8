import { dag, task, text } from '@headrace/sdk';
import { z } from 'zod';

/** Who may run at once: by pool, by task, by a key that tasks of any DAG share, and by how often in a time. */
export default dag(
  'example_limits',
  { params: z.object({ tenant: z.string().default('acme') }), maxActiveTasks: 8, tags: ['example'] },
  ({ params }) => {
    const pages = task('pages', () => [1, 2, 3, 4, 5]);
    const fetched = task(
      'fetch',
      {
        each: pages,
        limits: {
          maxActivePerRun: 2,
          concurrency: [{ key: text`crm/${params.tenant}`, limit: 3 }],
          rate: [{ key: 'crm', limit: 100, per: '1 minute', burst: 10 }],
        },
      },
      ({ item }) => item * 10,
    );
    task('urgent', { priority: 100, weightRule: 'absolute', poolSlots: 2, in: { fetched } }, async ({ fetched }) => fetched.length);
  },
);
