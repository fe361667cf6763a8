/**
 * Rows that cannot be trusted, made into rows that can: what is wrong is kept aside with its reason, what is strange is told, and what was
 * loaded before is not loaded again.
 *
 *     promotions.csv ─▶ raw/promotions ─┬─▶ promoted products, as Excel and as JSON lines
 *                           └─▶ _quarantine/example_clean_rows/load_promotions
 */
import { files, lake } from '@headrace/connectors';
import { checks, dag, exportTo, load, transform } from '@headrace/sdk';

export default dag('example_clean_rows', { tags: ['example', 'data'] }, () => {
  const promotions = load('load_promotions', {
    // Only files that no run has loaded. Which these are is kept with the table, and committed together with its rows.
    from: files('shop_files').csv('promotions*.csv', {
      columns: { product_id: 'int8', store_id: 'int4', display_location: 'text', mailer_location: 'text', week: 'int2' },
      onlyNew: true,
      badRows: 'quarantine',
    }),
    into: lake('lake').table('examples/promotions'),
    disposition: 'append',
    // A column that the next file adds becomes one of the table; a value of another type never does.
    contract: { columns: 'evolve', types: 'discard_row' },
    checks: [
      // Row by row: those of stores with small numbers go to quarantine, the others are loaded.
      checks.range('store_id', { min: 300 }, { at: 'flight', onFail: 'quarantine' }),
      checks.matches('mailer_location', /[0A-Z]/, { severity: 'warn' }),
      checks.notNull(['product_id', 'week']),
    ],
    maxQuarantined: { share: 0.9 },
  });

  const products = transform('promoted_products', {
    reads: { promotions },
    sql: 'select product_id, count(distinct store_id) as stores from promotions group by product_id order by stores desc, product_id limit 100',
    columns: { product_id: 'int8', stores: 'int8' },
    into: lake('lake').table('examples/promoted_products'),
    checks: [checks.unique('product_id')],
  });

  exportTo('as_excel', { from: products, into: files('reports').excel('promoted_products.xlsx') });
  exportTo('as_lines', { from: products, into: files('reports').ndjson('promoted_products.ndjson.gz') });
});
