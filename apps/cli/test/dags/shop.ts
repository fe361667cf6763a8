import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { dag, task } from '@headrace/sdk';
import { z } from 'zod';

const params = z.object({
  items: z.number().int().min(1).default(2),
  /** So many tries fail. */
  failures: z.number().default(0),
  /** It fails for good while this file is there. */
  fatal: z.string().default(''),
  /** It waits while this file is there. */
  hold: z.string().default(''),
});

export default dag('shop', { params, retries: { max: 2, delay: '1h' }, tags: ['test'] }, ({ params }) => {
  const { items, failures, fatal, hold } = params;
  const count = task('count', { in: { items, failures, fatal, hold } }, async ({ items, failures, fatal, hold, attempt, log, signal }) => {
    log.info('counting', { items });
    while (hold !== '' && existsSync(hold)) await delay(20, undefined, { signal });
    if (fatal !== '' && existsSync(fatal)) throw Object.assign(new TypeError('no luck at all'), { retryable: false });
    if (attempt <= failures) throw new TypeError(`no luck in try ${attempt}`);
    return items;
  });
  task('report', { in: { count } }, ({ count }) => console.log(`there are ${count}`));
});
