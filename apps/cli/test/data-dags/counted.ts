/** Rows from a file into the lake, by connections that are kept in Headrace; and rows that a check refuses. */
import { setTimeout as delay } from 'node:timers/promises';
import { files, lake } from '@headrace/connectors';
import { checks, dag, extract, load, task } from '@headrace/sdk';

export default dag('counted', {}, () => {
  const rows = extract('read', { from: files('drop').csv('rows.csv', { columns: { id: 'int8', name: 'text' } }), stage: 'store' });
  load('keep', {
    from: rows,
    into: lake('store').table('raw/rows'),
    checks: [checks.unique('id'), checks.notNull('name', { severity: 'warn' })],
  });
  load('refuse', { from: rows, into: lake('store').table('raw/refused'), checks: [checks.rowCount({ min: 100 })] });
  load('late', {
    from: rows,
    into: lake('store').table('raw/late'),
    retries: { max: 0 },
    checks: [checks.rowCount({ min: 50 }, { severity: 'error' })],
  });
  task('spill', { connections: ['secret_api'] }, async ({ connection, log }) => {
    log.info(`the address is ${connection('secret_api').url}`);
    await delay(1);
  });
});
