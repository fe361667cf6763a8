/** Column lineage of queries, as DuckDB parses them: certain, or none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DuckSession } from '../src/duckdb.ts';
import { sqlLineage } from '../src/lineage/sql-lineage.ts';

const folder = mkdtempSync(join(tmpdir(), 'headrace-lineage-'));
let duck: DuckSession;
beforeAll(async () => {
  duck = await DuckSession.open(folder, new AbortController().signal);
});
afterAll(() => {
  duck.close();
  rmSync(folder, { recursive: true, force: true });
});

const columns = (...names: readonly string[]) => names.map((name) => ({ name, type: 'text' as const }));
const SCHEMAS = { t: columns('a', 'b', 'c'), u: columns('id', 'a', 'x'), v: undefined };

/** `out: table.column, …` of each column; undefined for none. */
async function lineage(sql: string): Promise<Readonly<Record<string, string>> | undefined> {
  const found = await sqlLineage(sql, SCHEMAS, duck);
  return (
    found &&
    Object.fromEntries(Object.entries(found).map(([name, from]) => [name, from.map(({ input, column }) => `${input}.${column}`).join(' ')]))
  );
}

test.each([
  // Plain
  ['select a, b as d from t', { a: 't.a', d: 't.b' }],
  ['select * from t', { a: 't.a', b: 't.b', c: 't.c' }],
  ['from t', { a: 't.a', b: 't.b', c: 't.c' }],
  ['select * exclude (b) from t', { a: 't.a', c: 't.c' }],
  ['select T.A as x from t', { x: 't.a' }],
  ['select 1 as one, now() as at', { one: '', at: '' }],
  ['select a || b as ab, c::int + 1 as n from t;', { ab: 't.a t.b', n: 't.c' }],
  ['select a from t where b > 1 order by c limit 3', { a: 't.a' }],
  ['select $day as day, a from t where b = $day', { day: '', a: 't.a' }],
  [`select case when a > 1 then b else c end as chosen from t`, { chosen: 't.b t.c' }],
  [`select coalesce(a, b, 'x') as first from t`, { first: 't.a t.b' }],
  ['select a between b and c as inside from t', { inside: 't.a t.b t.c' }],
  // Aggregates and windows
  ['select a, sum(b) as total, count(*) as n from t group by a having max(c) > 1', { a: 't.a', total: 't.b', n: '' }],
  ['select sum(b) filter (where c > 1) as total from t', { total: 't.b' }],
  ['select row_number() over (partition by a order by b) as n from t', { n: '' }],
  ['select lag(c) over (partition by a order by b) as before from t', { before: 't.c' }],
  ['select distinct a from t', { a: 't.a' }],
  // Joins
  ['select t.a, u.x from t join u on t.a = u.id', { a: 't.a', x: 'u.x' }],
  ['select b, x from t, u', { b: 't.b', x: 'u.x' }],
  ['select l.a as l, r.a as r from t l left join t r on l.b = r.c', { l: 't.a', r: 't.a' }],
  ['select a, x from t join u using (a)', { a: 't.a', x: 'u.x' }],
  ['select a, x from t right join u using (a)', { a: 'u.a', x: 'u.x' }],
  ['select a, x from t full join u using (a)', { a: 't.a u.a', x: 'u.x' }],
  ['select * from t join u using (a)', { a: 't.a', b: 't.b', c: 't.c', id: 'u.id', x: 'u.x' }],
  ['select t.* from t join u on t.a = u.id', { a: 't.a', b: 't.b', c: 't.c' }],
  ['select * from t semi join u on t.a = u.id', { a: 't.a', b: 't.b', c: 't.c' }],
  // Queries in queries
  ['select s.n from (select a || b as n from t) s', { n: 't.a t.b' }],
  ['select x from (select a, b from t) s (x, y)', { x: 't.a' }],
  ['with q as (select a, sum(b) as s from t group by 1), r as (select s from q) select s * 2 as double from r', { double: 't.b' }],
  ['with t as (select id as a from u) select a from t', { a: 'u.id' }],
  ['with q (n) as (select a from t) select n from q', { n: 't.a' }],
  ['select a, (select max(x) from u where u.id = t.b) as m from t', { a: 't.a', m: 'u.x' }],
  ['select a, exists (select 1 as one from u where u.id = t.a) as known from t', { a: 't.a', known: '' }],
  ['select a as n from t union all select x from u', { n: 't.a u.x' }],
  ['select a as n from t except select x from u', { n: 't.a' }],
  // Tables whose columns are not known
  ['select a, max(b) as m from v group by a', { a: 'v.a', m: 'v.b' }],
  ['select v.k, t.a from v join t on v.k = t.a', { k: 'v.k', a: 't.a' }],
  ['select o.total from mart.orders o', { total: 'mart.orders.total' }],
  // Not certain
  ['select * from v', undefined],
  ['select k from v join t on true', undefined],
  ['select a from t join u on true', undefined],
  ['select nothing from t', undefined],
  ['select a + 1 from t', undefined],
  ['select a, a from t', undefined],
  ['select * from t natural join u', undefined],
  ['select * replace (a + 1 as a) from t', undefined],
  ['select columns(*) from t', undefined],
  ['select x from unnest([1, 2]) s (x)', undefined],
  ['with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select n from r', undefined],
  ['pivot t on a using sum(b)', undefined],
  [`select * from read_csv('x.csv')`, undefined],
  ['this is no sql', undefined],
  ['select 1 as a; select 2 as b', undefined],
])('%s', async (sql, expected) => {
  expect(await lineage(sql)).toEqual(expected);
});
