/** Which DAGs a person likes to see first. */
import { DagNotFoundError } from '@headrace/ports';
import type pg from 'pg';
import { transaction } from '../transaction.ts';

const ADD = 'insert into dag_favorite (username, dag_id) values ($1, $2) on conflict do nothing';
const REMOVE = 'delete from dag_favorite where username = $1 and dag_id = $2';

export async function setFavorite(pool: pg.Pool, user: string, dagId: string, favorite: boolean): Promise<boolean> {
  return transaction(pool, async (client) => {
    const dag = await client.query('select from dag where dag_id = $1 for key share', [dagId]);
    if (dag.rowCount === 0) throw new DagNotFoundError(dagId);
    const { rowCount } = await client.query(favorite ? ADD : REMOVE, [user, dagId]);
    return (rowCount ?? 0) > 0;
  });
}
