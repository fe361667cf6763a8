import type { MysqlClient, Outcome } from './connect.ts';

/** Runs SQL of the user as it stands: a question mark in it is no parameter. Answers with the number of rows that it changed. */
export function runAsIs(client: MysqlClient, sql: string): Promise<number> {
  return new Promise((resolve, reject) => {
    client.raw.query(sql, (error: unknown, result: unknown) => (error ? reject(error) : resolve((result as Outcome).affectedRows)));
  });
}
