import { dag, task } from '@headrace/sdk';
import { z } from 'zod';

/** Greets somebody. Run it with `headrace dags test dags/hello.ts`. */
export default dag('hello', { params: z.object({ name: z.string().default('world') }), tags: ['example'] }, ({ params }) => {
  const greeting = task('greeting', { in: { name: params.name } }, ({ name }) => `Hello, ${name}!`);

  const letters = task('letters', { in: { greeting } }, ({ greeting }) => greeting.length);

  task('report', { in: { greeting, letters } }, ({ greeting, letters, log }) => {
    log.info(`${greeting} (${letters} letters)`);
  });
});
