/** The table as it would be, for an audit inside the load's transaction: nobody else sees what it sees. */
import type { AuditedTable } from '@headrace/dataplane';
import type pg from 'pg';
import { columnTypeOfField } from '../column-types.ts';

/** Queries can only read, and one that fails does not harm the transaction. */
export async function auditedTable(client: pg.Client, sql: string): Promise<AuditedTable> {
  const { fields } = await client.query(`select * from ${sql} limit 0`);
  return {
    dialect: 'postgres',
    sql,
    columns: fields.map((field) => ({ name: field.name, type: columnTypeOfField(field.dataTypeID, field.dataTypeModifier) })),
    async query(text) {
      await client.query('savepoint audit');
      try {
        await client.query('set local transaction_read_only = on');
        const types = { getTypeParser: () => (value: string | Buffer) => value.toString() };
        return (await client.query<Record<string, string | null>>({ text, types })).rows;
      } finally {
        await client.query('rollback to savepoint audit; release savepoint audit');
      }
    },
  };
}
