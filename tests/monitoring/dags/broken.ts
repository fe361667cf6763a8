/** A DAG file that cannot be loaded. */
import { dag, task } from '@headrace/sdk';

throw new Error('this file is broken for the test of import errors');

export const never = dag('never', {}, () => {
  task('a', () => 1);
});
