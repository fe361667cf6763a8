/** Something of everything that is measured, in a second or two. */
import { files, lake } from '@headrace/connectors';
import { asset, checks, dag, deadline, load, notify, task } from '@headrace/sdk';

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

const fresh = asset('measured', { freshness: { within: '1 second', notify: notify.run('late', () => {}) } });

export const eventful = dag(
  'eventful',
  {
    retries: { max: 1, delay: '1s' },
    onSuccess: notify.run('told', () => {}),
    deadlines: [deadline('at_once', { from: 'run_queued', within: '1 second', notify: notify.run('missed', () => {}) })],
  },
  () => {
    task('second_try', { outlets: [fresh] }, ({ attempt }) => {
      if (attempt < 2) throw new Error('not yet');
    });
    task('too_long', { executionTimeout: '1 second', retries: 0 }, () => new Promise<void>(() => {}));
    load('kept', {
      from: files('landing').csv('rows.csv', { columns: { id: 'int8', amount: 'int8' } }),
      into: lake('lake').table('measured'),
      checks: [checks.notNull('amount', { at: 'flight', onFail: 'quarantine' }), checks.range('id', { min: 2 }, { severity: 'warn' })],
      maxQuarantined: { share: 0.9 },
    });
  },
);
