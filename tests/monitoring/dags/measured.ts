/** Something of everything that is measured, in a second or two. */
import { dag, task } from '@headrace/sdk';

export const steady = dag('steady', {}, () => {
  const a = task('a', () => 1);
  task('b', { in: { a } }, ({ a: one }) => one + 1);
});

export const failing = dag('failing', {}, () => {
  task('always', () => {
    throw new Error('as it should');
  });
});

export const patient = dag('patient', {}, () => {
  task('waits', async ({ wait }) => wait.for('1 hour'));
});

export const draining = dag('draining', {}, () => {
  task('slow', () => new Promise<void>((resolve) => setTimeout(resolve, 3_000)));
});
