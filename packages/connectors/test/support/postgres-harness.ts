/** A PostgreSQL database of its own as a target that the suite of targets can look into. */
import type { TargetHarness } from '@headrace/dataplane/conformance/attempts';
import pg from 'pg';
import { emptyDatabase } from '../../../../tests/support/empty-database.ts';
import { postgres } from '../../src/index.ts';
import { postgresTarget } from '../../src/postgres/postgres-target.ts';

export interface PostgresHarness extends TargetHarness {
  readonly url: string;
}

export async function openPostgres(): Promise<PostgresHarness> {
  const { url, drop } = await emptyDatabase();
  // Readers of their own, so that reads go on while another waits.
  const readers = new pg.Pool({ connectionString: url, max: 3, options: '-c timezone=UTC' });
  let tables = 0;
  return {
    url,
    connector: postgresTarget,
    place: async () => {
      tables += 1;
      return postgres('warehouse').table(`table_${tables}`);
    },
    async rows({ settings }) {
      const name = String(settings.name);
      const { rows: columns } = await readers.query<{ name: string; instant: boolean }>(
        `select attname as name, atttypid = 'timestamptz'::regtype as instant from pg_attribute
          where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
        [name],
      );
      if (columns.length === 0) return [];
      const list = columns.map(({ name: column, instant }) =>
        instant ? `to_char("${column}", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "${column}"` : `"${column}"::text`,
      );
      const { rows } = await readers.query<Record<string, string | null>>(`select ${list.join(', ')} from ${name}`);
      return rows;
    },
    async state({ settings }) {
      const name = String(settings.name);
      const { rows } = await readers.query<{ oid: string | null }>('select to_regclass($1)::oid as oid', [name]);
      if (rows[0]?.oid === null) return undefined;
      return [rows, (await readers.query(`select ctid::text, xmin::text from ${name} order by 1, 2`)).rows];
    },
    connection: (id) => ({ id, url }),
    async close() {
      await readers.end();
      await drop();
    },
  };
}
