import type pg from 'pg';

/**
 * Runs statements that create what must be there, in a transaction of their own, one session at a time. The lock is taken before the
 * transaction begins: a session that waits within one does not see the schemas that another has created meanwhile, and fails.
 */
export async function createOnce(client: pg.Client, name: string, statements: readonly string[]): Promise<void> {
  await client.query(`select pg_advisory_lock(hashtext('headrace'), hashtext($1))`, [name]);
  try {
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  } finally {
    await client.query(`select pg_advisory_unlock(hashtext('headrace'), hashtext($1))`, [name]).catch(() => {});
  }
}
