/** Tasks of which much is told: logs with secrets, spans of their own, a failed try, rows from a table to a file. */
import { files, lake, postgres } from '@headrace/connectors';
import { checks, dag, exportTo, extract, load, task, transform } from '@headrace/sdk';
import { trace } from '@opentelemetry/api';

export default dag('observed', { retries: { max: 1, delay: '0s' } }, () => {
  const orders = extract('extract_orders', {
    from: postgres('pos').table('public.orders', { columns: { id: 'int8', amount: 'decimal(18,2)', shop: 'text' } }),
  });
  const raw = load('load_orders', {
    from: orders,
    into: lake('lake').table('raw/orders'),
    checks: [checks.unique('id'), checks.rowCount({ min: 1 })],
  });
  const totals = transform('totals', {
    reads: { raw },
    sql: 'select shop, sum(amount)::decimal(18,2) as total from raw group by shop',
    into: lake('lake').table('mart/totals'),
  });
  exportTo('report', { from: totals, into: files('out').csv('report.csv') });

  task('flaky', { connections: ['pos'] }, async ({ attempt, log, connection }) => {
    log.info('the address is', { url: connection('pos').url });
    await trace.getTracer('mine', '1.0').startActiveSpan('my step', { attributes: { step: 1 } }, async (span) => {
      log.info('within my step');
      await new Promise((resolve) => setTimeout(resolve, 5));
      span.end();
    });
    if (attempt === 1) throw new Error('not yet');
    return 'done';
  });

  task('slow', async ({ log, signal }) => {
    for (let line = 1; line <= 8 && !signal.aborted; line++) {
      log.info(`line ${line}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });
});
