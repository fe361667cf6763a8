/** Notes what is really sent to Postgres while something runs, and explains it with the plan that the store's connections use. */
import { jest } from '@jest/globals';
import pg from 'pg';
import { type Lane, SESSION_OF } from '../../src/database.ts';
import { constraintOf } from '../../src/transaction.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Every statement that reads or writes rows, each once. */
export async function recorded(work: () => Promise<unknown>): Promise<readonly Statement[]> {
  const statements = new Map<string, Statement>();
  const spy = jest.spyOn(pg.Client.prototype, 'query');
  try {
    await work();
    for (const [query, parameters] of spy.mock.calls as unknown as readonly [string | { text: string; values?: unknown[] }, unknown[]?][]) {
      const text = typeof query === 'string' ? query : query.text;
      const values = (typeof query === 'string' ? parameters : query.values) ?? [];
      const parts = values.length === 0 ? text.split(';') : [text];
      for (const part of parts.map((one) => one.replace(/^\s*prepare \w+ as/, ''))) {
        if (/^\s*(select|with|insert|update|delete)\b/i.test(part)) statements.set(part, { text: part, values });
      }
    }
  } finally {
    spy.mockRestore();
  }
  return [...statements.values()];
}

export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Filter?: string;
  /** What the node computes. */
  readonly Output?: readonly string[];
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

/**
 * All nodes of the plan that the statement gets, which is carried out and taken back. What cannot be carried out a second
 * time, because it would insert the same row again, is only planned: then no rows are counted.
 */
export async function planOf(client: pg.Client, statement: Statement): Promise<readonly PlanNode[]> {
  try {
    return await explain(client, 'analyze, verbose, format json', statement);
  } catch (error) {
    if (constraintOf(error) === undefined) throw error;
    return explain(client, 'verbose, format json', statement);
  }
}

async function explain(client: pg.Client, options: string, { text, values }: Statement): Promise<readonly PlanNode[]> {
  await client.query('begin');
  try {
    await client.query(`prepare explained as ${text}`);
    const parameters = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
    const { rows } = await client.query(`explain (${options}) execute explained${parameters}`);
    return flatten(rows[0]['QUERY PLAN'][0].Plan);
  } finally {
    await client.query('rollback');
    await client.query('deallocate all');
  }
}

/** With the session of a lane, so that its plans are that lane's. */
export async function explainingConnection(url: string, lane: Lane = 'work'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(SESSION_OF[lane]);
  return client;
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (!Array.isArray(value)) return pg.escapeLiteral(String(value));
  const items = value.map((item: unknown) => (item === null ? 'null' : `"${String(item).replace(/["\\]/g, '\\$&')}"`));
  return pg.escapeLiteral(`{${items.join(',')}}`);
}
