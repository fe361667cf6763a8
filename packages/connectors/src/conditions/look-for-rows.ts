/**
 * Asks once what a `waitForRows` waits for, in a transaction that can only read. A first cell counts where Airflow's SqlSensor is done:
 * when it is neither null, 0, '0', an empty text nor false.
 */
import { ColumnNotFoundError, SqlError, TypeMismatchError } from '@headrace/dataplane';
import type { Column, Columns, ColumnType, OperationExecutor } from '@headrace/sdk';
import type pg from 'pg';
import { columnTypeOfField } from '../postgres/column-types.ts';
import { applySettings, codeOf, withClient } from '../postgres/connect.ts';
import { bindValues } from '../postgres/sql-text.ts';
import type { RowsCondition } from './wait-for-rows.ts';

export const lookForRows: OperationExecutor = async ({ operation, context }) => {
  const { connection, sql: text, values, columns, min } = operation as unknown as RowsCondition;
  const where = `The query on connection "${connection}"`;
  const { sql, settings } = bindValues(text.trim().replace(/;+$/, ''), values, where);
  const query = min === undefined ? `select * from (${sql}\n) headrace_look limit 1` : `select count(*) from (${sql}\n) headrace_look`;
  const answer = await withClient(context.connection(connection), context.signal, async (client) => {
    await applySettings(client, settings);
    await client.query('begin read only');
    return ask(client, query, where);
  });
  const [first] = answer.rows;
  if (min !== undefined) {
    const rows = Number(first?.[0]);
    if (rows < min) context.log.info(`Waiting for ${min} rows`, { rows });
    return rows >= min ? rows : undefined;
  }
  const present = answer.fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
    name,
    type: columnTypeOfField(dataTypeID, dataTypeModifier),
  }));
  if (columns !== undefined) checkColumns(columns, present, where);
  if (first === undefined || !counts(present[0], first[0])) {
    context.log.info(first === undefined ? 'Waiting for a row' : `Waiting: the first column is ${first[0] ?? 'null'}`);
    return undefined;
  }
  const wanted = present.map((column, index) => ({ column, text: first[index] ?? null }));
  return Object.fromEntries(
    wanted
      .filter(({ column }) => columns === undefined || Object.hasOwn(columns, column.name))
      .map(({ column, text }) => [column.name, cell(column, text, where)]),
  );
};

/** Each value as PostgreSQL's own text. */
async function ask(client: pg.Client, text: string, where: string): Promise<pg.QueryArrayResult<(string | null)[]>> {
  const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
  try {
    return await client.query<(string | null)[]>({ text, rowMode: 'array', types });
  } catch (error) {
    const code = codeOf(error) ?? '';
    const message = error instanceof Error ? error.message : String(error);
    if (code === '25006') throw new SqlError(`${where} changes something, but waiting may only look: ${message}`, { cause: error });
    if (code.startsWith('42') || code.startsWith('22')) throw new SqlError(`${where}: ${message}`, { cause: error });
    throw error;
  }
}

function checkColumns(declared: Columns, present: readonly Column[], where: string): void {
  for (const [name, type] of Object.entries(declared)) {
    const column = present.find((each) => each.name === name);
    if (column === undefined)
      throw new ColumnNotFoundError(
        where,
        name,
        present.map((each) => each.name),
      );
    if (column.type !== type)
      throw new TypeMismatchError(`${where} gives column "${name}" as ${column.type}, declared is ${type}: cast it in the SQL`);
  }
}

function counts(column: Column | undefined, text: string | null | undefined): boolean {
  if (column === undefined || text === null || text === undefined || text === '' || text === '0') return false;
  if (column.type === 'boolean') return text === 't';
  if (column.type === 'json') return !['null', 'false', '""', '"0"'].includes(text);
  return !isNumber(column.type) || Number(text) !== 0;
}

function isNumber(type: ColumnType): boolean {
  return /^(int|float|decimal|numeric)/.test(type);
}

function cell({ name, type }: Column, text: string | null, where: string): unknown {
  if (text === null) return null;
  switch (type) {
    case 'int2':
    case 'int4':
    case 'float4':
    case 'float8':
      return Number(text);
    case 'int8':
      return BigInt(text);
    case 'boolean':
      return text === 't';
    case 'timestamptz':
      return instant(text, `${where}, column "${name}"`);
    case 'bytes':
      return Uint8Array.from(Buffer.from(text.slice('\\x'.length), 'hex'));
    case 'json':
      return JSON.parse(text);
    default:
      return text;
  }
}

/** The session's zone is UTC. Throws TypeMismatchError for infinity and years that JavaScript has not. */
function instant(text: string, where: string): Date {
  const date = new Date(text.replace(' ', 'T').replace(/\+00$/, 'Z'));
  if (Number.isNaN(date.getTime())) throw new TypeMismatchError(`${where} is ${text}, for which there is no Date: cast it to text`);
  return date;
}
