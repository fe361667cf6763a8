import type { TargetHarness } from '@headrace/dataplane/conformance/attempts';
import { cursorHomeConformance } from '@headrace/dataplane/conformance/cursor-home';
import { targetConformance } from '@headrace/dataplane/conformance/target';
import * as jest from '@jest/globals';
import { createPool } from 'mysql2/promise';
import { startMariadb } from '../../../tests/support/mariadb-server.ts';
import { mysql } from '../src/index.ts';
import { mysqlTarget } from '../src/mysql/mysql-target.ts';

targetConformance(jest, {
  name: 'A MariaDB database',
  dispositions: ['append', 'replace', 'replace-partition', 'merge', 'scd2'],
  sequences: Number(process.env.HEADRACE_TARGET_SEQUENCES ?? 3),
  open,
});

cursorHomeConformance(jest, { name: 'A MariaDB database', open });

async function open(): Promise<TargetHarness> {
  const server = await startMariadb();
  // Readers of their own, so that reads go on while another waits.
  const readers = createPool({ uri: server.url, connectionLimit: 3, timezone: 'Z' });
  const query = async (sql: string, values: readonly string[] = []): Promise<Record<string, string | null>[]> =>
    (await readers.query({ sql, values: [...values], typeCast: (field) => field.string() }))[0] as Record<string, string | null>[];
  let tables = 0;
  return {
    connector: mysqlTarget,
    place: async () => {
      tables += 1;
      return mysql('warehouse').table(`place_${tables}.rows_${tables}`);
    },
    async rows({ settings }) {
      const name = String(settings.name);
      const columns = await query(
        "select column_name as name, column_comment as comment from information_schema.columns where concat(table_schema, '.', table_name) = ?",
        [name],
      );
      if (columns.length === 0) return [];
      const list = columns.map(({ name: column, comment }) => {
        if (comment === 'headrace:timestamptz')
          return `concat(left(date_format(\`${column}\`, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z') as \`${column}\``;
        return comment === 'headrace:boolean'
          ? `if(\`${column}\` is null, null, if(\`${column}\`, 'true', 'false')) as \`${column}\``
          : `\`${column}\``;
      });
      return query(`select ${list.join(', ')} from ${name}`);
    },
    /** How often rows of the table stand in the binary log. */
    async state({ settings }) {
      const logs = await query('show binary logs');
      const events = await query(`show binlog events in '${logs.at(-1)?.Log_name}'`);
      return events.filter(({ Event_type, Info }) => Event_type === 'Table_map' && Info?.includes(`(${String(settings.name)})`)).length;
    },
    connection: (id) => ({ id, url: server.url }),
    async close() {
      await readers.end();
      await server.stop();
    },
  };
}
