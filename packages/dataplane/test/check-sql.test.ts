/** Values and names stand in the SQL of checks as what they are, whatever they hold. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checks } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkQueries } from '../src/checks/check-sql.ts';
import { DEFAULT_LIMITS, DuckSession, ident } from '../src/duckdb.ts';

const NOW = new Date('2020-01-02T00:00:00Z');

describe('the SQL of a check', () => {
  let duck: DuckSession;
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'headrace-checks-'));
    duck = await DuckSession.open(scratch, new AbortController().signal, DEFAULT_LIMITS);
  });
  afterAll(async () => {
    duck.close();
    await rm(scratch, { recursive: true, force: true });
  });

  test('accepts exactly the values that are accepted, under any name', async () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\0', ''));
    const names = fc.constantFrom('n', 'a "b"', "it's", 'select', '; drop table x --');
    await fc.assert(
      fc.asyncProperty(names, texts, texts, async (name, value, other) => {
        const sql = `(select unnest([$value, $other, null]) as ${ident(name)})`;
        const { count } = checkQueries(
          checks.acceptedValues(name, [value]),
          { dialect: 'duckdb', sql, columns: [{ name, type: 'text' }] },
          { now: NOW },
        );
        expect(await duck.count(count, { value, other })).toBe(value === other ? 0 : 1);
      }),
      { numRuns: 60 },
    );
  });

  test('is quoted as each dialect has it', () => {
    const check = checks.acceptedValues('a`"b', [`it's \\`]);
    const of = (dialect: 'duckdb' | 'postgres' | 'mysql'): string =>
      checkQueries(check, { dialect, sql: 't', columns: [{ name: 'a`"b', type: 'text' }] }, { now: NOW }).count;
    expect(of('duckdb')).toContain(`"a\`""b" not in (cast('it''s \\' as VARCHAR))`);
    expect(of('postgres')).toContain(`"a\`""b" not in ('it''s \\')`);
    expect(of('mysql')).toContain("`a``\"b` not in ('it''s \\\\')");
  });

  test('sees how old a day is, a time, and an instant', async () => {
    for (const [type, fresh, stale] of [
      ['date', '2020-01-01', '2019-12-31'],
      ['timestamp', '2020-01-01 00:00:00', '2019-12-31 23:59:59.999999'],
      ['timestamptz', '2020-01-01 00:00:00+00', '2019-12-31 23:59:59.999999+00'],
    ] as const) {
      const check = checks.freshness('at', '1 day');
      const rows = (value: string) => ({
        dialect: 'duckdb' as const,
        sql: `(select '${value}'::${type} as at)`,
        columns: [{ name: 'at', type }],
      });
      expect(await duck.count(checkQueries(check, rows(fresh), { now: NOW }).count)).toBe(0);
      expect(await duck.count(checkQueries(check, rows(stale), { now: NOW }).count)).toBe(1);
    }
  });
});
