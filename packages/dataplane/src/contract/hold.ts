/** Asks a person whether a table may change. The question is known by what would change: another change is another question. */
import { createHash } from 'node:crypto';
import { type SchemaDrift, yesOrNo } from '@headrace/sdk';
import type { Work } from '../connector.ts';
import { DataError, SchemaRejectedError } from '../errors.ts';

/**
 * Comes back when the change is approved; until somebody has answered it ends the attempt. Throws SchemaRejectedError, and DataError where
 * nobody can be asked.
 */
export async function askForApproval(table: string, drift: readonly SchemaDrift[], where: string, work: Work): Promise<void> {
  const lines = drift.filter(({ action }) => action === 'hold').map(describeDrift);
  if (work.ask === undefined) {
    throw new DataError(
      'HR_NOBODY_TO_ASK',
      `${where}: the contract holds a change of ${table} for approval (${lines.join('; ')}), but nobody can be asked here. Run the task by a scheduler, or use another mode`,
    );
  }
  const hash = createHash('sha256')
    .update(JSON.stringify([table, lines]))
    .digest('hex')
    .slice(0, 12);
  const answer = await work.ask(
    {
      subject: `Change of the schema of ${table} (${hash})`,
      body: [
        `The rows that ${where} is to write do not fit **${table}**. If this is approved, the table is changed:`,
        '',
        ...lines.map((line) => `- ${line}`),
      ].join('\n'),
      schema: yesOrNo,
    },
    { key: `schema-${hash}` },
  );
  if (!answer.approved) throw new SchemaRejectedError(where, table, lines, answer.comment);
  work.log.info(`the change of ${table} was approved`, { changes: lines });
}

/** One difference in words. */
export function describeDrift({ change, column, from, to, table, original }: SchemaDrift): string {
  switch (change) {
    case 'table_added':
      return `new table ${table}`;
    case 'column_added':
      return `new column "${column}" (${to})`;
    case 'column_missing':
      return `the rows have no column "${column}" (${from})`;
    case 'type_widened':
      return `column "${column}" becomes ${to} (it is ${from})`;
    case 'type_changed':
      return `column "${column}" is ${from} in the table and ${to} in the rows`;
    case 'column_renamed':
      return `column "${original}" is called "${column}"`;
  }
}
