/** Instants are read as pg's own parser reads them, in whatever shape Postgres writes them. */
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { instantOf } from '../src/timestamp.ts';

const byPg = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text') as (text: string) => Date;

test.each([
  '2026-11-21 17:45:00+00',
  '2026-11-21 17:45:00.1+00',
  '2026-11-21 17:45:00.12+00',
  '2026-11-21 17:45:00.123+00',
  '2026-11-21 17:45:59.999999+00',
  '2024-02-29 23:59:59.05+00',
  '1969-12-31 23:59:59.999+00',
  '0001-01-01 00:00:00+00',
  '0099-12-31 12:00:00.5+00',
  '9999-12-31 23:59:59.9999+00',
  '10000-01-01 00:00:00+00',
  '0044-03-15 00:00:00+00 BC',
  '2026-11-21 17:45:00.25+05:30',
])('%s', (text) => {
  expect(instantOf(text)).toBe(byPg(text).getTime());
});
