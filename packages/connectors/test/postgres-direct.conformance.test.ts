/**
 * The suite of targets over the rows that go from one PostgreSQL to another past DuckDB: what the suite wants written is put into a table of
 * the same server first, and goes from there as a load would take it.
 */
import { ident, type TargetConnector, type Work, type WriteRequest } from '@headrace/dataplane';
import { targetConformance } from '@headrace/dataplane/conformance/target';
import * as jest from '@jest/globals';
import pg from 'pg';
import { postgres } from '../src/index.ts';
import { postgresType } from '../src/postgres/column-types.ts';
import { postgresTarget } from '../src/postgres/postgres-target.ts';
import { openPostgres, type PostgresHarness } from './support/postgres-harness.ts';

const ways = { direct: 0, other: 0 };
let given: pg.Pool;
let tables = 0;

targetConformance(jest, {
  name: 'A PostgreSQL database whose rows come from another',
  dispositions: ['append', 'replace'],
  sequences: Number(process.env.HEADRACE_TARGET_SEQUENCES ?? 2),
  async open(): Promise<PostgresHarness> {
    const harness = await openPostgres();
    // The suite opens more than one place, each with a database of its own, which ends the connections that are left to it.
    const own = new pg.Pool({ connectionString: harness.url, max: 2 });
    own.on('error', () => {});
    given = own;
    await given.query('create schema given');
    const connector: TargetConnector = { ...postgresTarget, dispositions: ['append', 'replace'], write };
    return {
      ...harness,
      connector,
      async close() {
        await own.end();
        await harness.close();
      },
    };
  },
});

jest.test('most of them go past DuckDB, but for those that were loaded before or change the table', () => {
  jest.expect(ways.direct).toBeGreaterThan(ways.other);
});

/** As `publishDirectly` and `publish` do it one after the other. */
async function write(request: WriteRequest, work: Work) {
  const { rows, ...asked } = request;
  const direct = await postgresTarget.direct?.({ ...asked, source: await put(request, work), read: {} }, work);
  ways[direct === undefined ? 'other' : 'direct'] += 1;
  return direct ?? postgresTarget.write(request, work);
}

async function put({ rows: { relation } }: WriteRequest, work: Work) {
  tables += 1;
  const name = `rows_${tables}`;
  const { columns } = relation;
  await given.query(
    `create table given.${name} (${columns.map((column) => `${ident(column.name)} ${postgresType(column.type)}`).join(', ')})`,
  );
  const rows = await work.duck.rows(
    `select ${columns.map((column) => `${ident(column.name)}::varchar as ${ident(column.name)}`).join(', ')} from (${relation.select})`,
  );
  await given.query(`insert into given.${name} select * from json_populate_recordset(null::given.${name}, $1)`, [JSON.stringify(rows)]);
  return postgres('warehouse').table(`given.${name}`);
}
