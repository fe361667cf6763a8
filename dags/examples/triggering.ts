import { dag, task, triggerDag } from '@headrace/sdk';
import { z } from 'zod';

export const child = dag('example_triggered', { params: z.object({ shop: z.string() }), tags: ['example'] }, ({ params }) => {
  task('work', { in: { shop: params.shop } }, ({ shop }) => `worked for ${shop}`);
});

/** Makes a run of another DAG and waits for its end. Wrong params do not compile. */
export const parent = dag('example_triggering', { tags: ['example'] }, () => {
  const shop = task('choose', () => 'berlin');
  const run = triggerDag('run_child', { dag: child, in: { shop }, params: ({ shop }) => ({ shop }), wait: true });
  task('after_it', { in: { run } }, ({ run }) => run);
});
