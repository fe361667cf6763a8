import { createHash } from 'node:crypto';
import { DataError } from '@headrace/dataplane';
import type { MysqlClient } from './connect.ts';
import type { TargetTable } from './target-table.ts';

const WAIT_SECONDS = 3600;

/** Runs `use` while no other load changes the table. Waits for those before; the end of the connection releases it, too. */
export async function withTableLock<T>(client: MysqlClient, table: TargetTable, use: () => Promise<T>): Promise<T> {
  // At most 64 characters, of which names may need more.
  const name = `headrace:${createHash('sha256').update(table.label).digest('hex').slice(0, 40)}`;
  const [[taken = null] = []] = await client.rows('select get_lock(?, ?)', [name, WAIT_SECONDS]);
  if (taken !== '1')
    throw new DataError('HR_LOCK_TIMEOUT', `${table.label}: another load has been writing to it for an hour. Nothing was changed`, {
      retryable: true,
    });
  const result = await use();
  await client.rows('select release_lock(?)', [name]);
  return result;
}
