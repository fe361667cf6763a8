/** What a check, a contract or a column cannot be is a compile error: each snippet errs on exactly the lines marked so. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { compileMarked } from '../../../tests/support/compile-texts.ts';

const FOLDER = join(import.meta.dirname, '..', 'src');
const HEAD = `import { checks, dag, exportTo, extract, load } from '@headrace/sdk';
import { lake, postgres, quarantined } from './index.ts';
const columns = { id: 'int8', name: 'text', tags: 'text[]', amount: 'decimal(10,2)' } as const;
const from = postgres('pos').table('sales', { columns });
const into = lake('lake').table('raw/sales');
`;

const SNIPPETS: Readonly<Record<string, string>> = {
  'a check is of columns that the rows have': `
dag('d', {}, () => {
  load('a', { from, into, checks: [checks.range('amount', { min: 0, max: '9.99' }), checks.matches('name', /a+/), checks.freshness('id', '1 day')] });
  load('b', { from, into, checks: [checks.range('price', { min: 0 })] }); // errs
  load('c', { from, into, checks: [checks.matches('nam', 'a')] }); // errs
  load('e', { from, into, checks: [...checks.defaults({ key: ['id', 'name'] }), checks.rowCountChange(), checks.sql('x', 'select 1')] });
  load('f', { from, into, checks: checks.defaults({ key: 'idd' }) }); // errs
  extract('g', { from, checks: [checks.notNull('idd', { at: 'flight', onFail: 'quarantine' })] }); // errs
});`,
  'a reference is to a column of the other place': `
dag('d', {}, () => {
  const stores = lake('lake').table('stores', { columns: { store_id: 'int8' } });
  load('a', { from, into, checks: [checks.references('id', { in: stores, column: 'store_id' })] });
  load('b', { from, into, checks: [checks.references('id', { in: stores, column: 'id' })] }); // errs
  load('c', { from, into, checks: [checks.references('id', { in: stores, column: 'store_id' }, { at: 'publish' })] }); // errs
});`,
  'rows are put aside in flight, by checks of single rows': `
dag('d', {}, () => {
  checks.notNull('id', { at: 'flight', onFail: 'quarantine' });
  checks.notNull('id', { at: 'staging', onFail: 'quarantine' }); // errs
  checks.notNull('id', { onFail: 'quarantine' }); // errs
  checks.unique('id', { at: 'flight', onFail: 'quarantine' }); // errs
  checks.rowCount({ min: 1 }, { severity: 'fatal' }); // errs
  checks.rowCountChange({}, { at: 'publish' }); // errs
});`,
  'a contract has modes that there are': `
dag('d', {}, () => {
  load('a', { from, into, contract: 'hold', naming: 'snake_case', nested: { depth: 2 }, maxQuarantined: { share: 0.1 } });
  load('b', { from, into, contract: { columns: 'evolve', types: 'discard_value', widenToText: true } });
  load('c', { from, into, contract: 'ignore' }); // errs
  load('e', { from, into, contract: { column: 'evolve' } }); // errs
  load('f', { from, into, naming: 'camelCase' }); // errs
  load('g', { from, into, nested: 'columns' }); // errs
  exportTo('h', { from, into: postgres('reporting').table('t'), contract: { columns: 'evolve' } });
});`,
  'a list is of a type that there is': `
dag('d', {}, () => {
  postgres('pos').table('t', { columns: { a: 'int8[]', b: 'decimal(38,10)[]', c: 'timestamptz[]' } });
  postgres('pos').table('t', { columns: { a: 'int8[][]' } }); // errs
  postgres('pos').table('t', { columns: { a: 'money[]' } }); // errs
});`,
  'replayed rows have their declared columns': `
dag('d', {}, () => {
  const rows = quarantined('lake', { dag: 'sales', task: 'raw_sales', columns });
  load('a', { from: rows, into, disposition: { merge: ['id'] } });
  load('b', { from: rows, into, disposition: { merge: ['key'] } }); // errs
  quarantined('lake', { dag: 'sales', columns }); // errs
});`,
};

describe('a wrong word about data is a compile error', () => {
  const { mismatches } = compileMarked({ head: HEAD, snippets: SNIPPETS, folder: FOLDER });
  test.each(Object.keys(SNIPPETS))('%s', (name) => expect(mismatches.get(name)).toEqual({ unexpected: [], missed: [] }));
});
