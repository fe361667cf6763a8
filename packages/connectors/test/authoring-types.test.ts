import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type ts from 'typescript';
import { compileTexts, messagesIn, OUR_OPTIONS } from '../../../tests/support/compile-texts.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const file = `${repository}dags/store_sales_daily.ts`;
const original = readFileSync(file, 'utf8');
let program: ts.Program | undefined;

/** What the compiler says about the pipeline when a piece of its text is another: `line text: message`. */
function compile(...changes: readonly (readonly [from: string, to: string])[]): readonly string[] {
  let source = original;
  for (const [from, to] of changes) {
    if (!source.includes(from)) throw new Error(`${file} does not contain ${from}`);
    source = source.replace(from, to);
  }
  program = compileTexts(new Map([[file, source]]), OUR_OPTIONS, program);
  return messagesIn(program, file).map(({ line, message }) => `${source.split('\n')[line]?.trim()}: ${message}`);
}

describe('the compiler on a pipeline', () => {
  test('accepts the example', () => {
    expect(compile()).toEqual([]);
  }, 60_000);

  test('finds the check of a column that was renamed in the transform', () => {
    const errors = compile([`columns: { day: 'date', department: 'text', lines`, `columns: { day: 'date', division: 'text', lines`]);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatch(/^checks: \[checks\.unique\('department'\)\].*"department"/);
    expect(errors[1]).toMatch(/^disposition: \{ merge: \['day', 'department'\] \}.*"department"/);
  }, 60_000);

  test('finds a wrong column in a check of a load', () => {
    expect(
      compile([`checks.notNull(['basket_id', 'product_id', 'sales_value'])`, `checks.notNull(['basket_id', 'sales_valeu'])`])[0],
    ).toContain('sales_valeu');
  }, 60_000);

  test('finds a merge key that the rows do not have, and knows the partition as a column', () => {
    expect(compile([`disposition: { merge: ['day', 'place'] }`, `disposition: { merge: ['day', 'plaec'] }`])[0]).toContain('plaec');
  }, 60_000);

  test('finds a target whose declared columns the rows do not have', () => {
    const errors = compile([
      `into: reporting.table('revenue')`,
      `into: reporting.table('revenue', { columns: { day: 'date', turnover: 'decimal(18,2)' } })`,
    ]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('turnover');
    expect(
      compile([
        `into: reporting.table('revenue')`,
        `into: reporting.table('revenue', { columns: { day: 'date', revenue: 'decimal(18,2)' } })`,
      ]),
    ).toEqual([]);
  }, 60_000);

  test('finds a type that there is not', () => {
    expect(compile([`revenue: 'decimal(18,2)' },`, `revenue: 'money' },`])[0]).toContain('"money"');
  }, 60_000);
});
