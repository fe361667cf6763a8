/** What a table can be asked before and after it is written to. */
import type { TargetConnector } from '@headrace/dataplane';
import { withClient } from '../connect.ts';
import { quote } from '../sql-text.ts';
import { auditedTable } from './audited-table.ts';
import { columnsOfTable, resolveName } from './target-table.ts';

/** How many earlier loads are looked for. */
const HISTORY = 30;

export const postgresFacts: Required<Pick<TargetConnector, 'columns' | 'inspect' | 'history'>> = {
  columns: (target, work) =>
    withClient(work.connection(target.connection), work.signal, (client) => columnsOfTable(client, String(target.settings.name))),

  inspect: (target, work, use) =>
    withClient(work.connection(target.connection), work.signal, async (client) => {
      const { schema, table } = await resolveName(client, String(target.settings.name));
      await client.query('begin read only');
      return use(await auditedTable(client, `${quote(schema)}.${quote(table)}`));
    }),

  history: (target, partition, loadId, work) =>
    withClient(work.connection(target.connection), work.signal, async (client) => {
      const { schema, table } = await resolveName(client, String(target.settings.name));
      const records = `${quote(schema)}._headrace_load`;
      const { rows: found } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [records]);
      if (!found[0]?.there) return [];
      const { rows } = await client.query<{ rows: string }>(
        `select rows_out as rows from ${records} where target = $1 and load_id <> $2 and ($3::jsonb = '{}' or partition <> $3::jsonb)
          order by case when $3::jsonb = '{}' then null else partition end desc, committed_at desc limit ${HISTORY}`,
        [`${schema}.${table}`, loadId, JSON.stringify(partition)],
      );
      return rows.map((row) => Number(row.rows));
    }),
};
