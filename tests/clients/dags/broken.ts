/** A file that cannot be loaded, so that there is an import error to ask for. */
import { dag, task } from '@headrace/sdk';

export const broken = dag('broken', {}, () => {
  task('never', () => undefined);
  throw new Error('this file is broken on purpose');
});
