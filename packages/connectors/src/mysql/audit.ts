/** A table as it would be after a load, for an audit: in the load's own transaction, or as a copy where the table's definition changes, too. */
import type { AuditedTable } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type { Application } from './application.ts';
import { applyRows } from './apply-rows.ts';
import type { MysqlClient } from './connect.ts';
import { describeQuery } from './describe.ts';
import { quote } from './sql-text.ts';
import { STAGE } from './stage.ts';
import type { TargetTable } from './target-table.ts';

const COPY = 'headrace_copy';
const KEPT = 'headrace_kept';

/** The table as the session sees it, its own uncommitted rows with it. */
export async function auditedTable(client: MysqlClient, sql: string): Promise<AuditedTable> {
  const present = await describeQuery(client, `select * from ${sql}`, sql);
  return {
    dialect: 'mysql',
    sql,
    columns: present.map(({ name, type }) => ({ name, type })),
    query: (text) =>
      new Promise((resolve, reject) => {
        client.raw.query({ sql: text, typeCast: (field) => field.string() }, (error: unknown, rows: unknown) =>
          error ? reject(error) : resolve(rows as Record<string, string | null>[]),
        );
      }),
  };
}

/** Applies the rows to a copy of the table that has the new definition, and has it audited. The stage is afterwards as it was. */
export async function auditCopy(
  application: Application,
  define: (copy: TargetTable) => Promise<void>,
  audit: (table: AuditedTable) => Promise<void>,
): Promise<void> {
  const { client, table } = application;
  const copy: TargetTable = { ...table, sql: COPY };
  await client.run(`drop temporary table if exists ${COPY}, ${KEPT}`);
  await define(copy);
  await client.run(`create temporary table ${KEPT} engine = InnoDB select * from ${STAGE}`);
  await applyRows({ ...application, table: copy });
  await audit(await auditedTable(client, COPY));
  await client.run(`delete from ${STAGE}`);
  await client.run(`insert into ${STAGE} select * from ${KEPT}`);
  await client.run(`drop temporary table ${COPY}, ${KEPT}`);
}

/** Makes the copy of a table that is there, with its rows. */
export async function copyTable(client: MysqlClient, table: TargetTable, columns: readonly Column['name'][]): Promise<void> {
  const names = columns.map(quote).join(', ');
  await client.run(`create temporary table ${COPY} like ${table.sql}`);
  await client.run(`insert into ${COPY} (${names}) select ${names} from ${table.sql}`);
}
