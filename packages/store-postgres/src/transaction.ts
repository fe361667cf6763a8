/**
 * Transactions that are done again as a whole when Postgres says that this is the cure.
 *
 * The work may run several times: it must have no effect but on the connection it is given.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** serialization_failure, deadlock_detected, lock_not_available. */
const TRANSIENT: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);
const MOST_TRIES = 5;
const FIRST_PAUSE_MS = 10;

/** Runs `work` in a transaction and commits. Rejects with the work's error after a rollback. */
export async function transaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>, begin = 'begin'): Promise<T> {
  return retrying(() => once(pool, begin, work));
}

/** Does the work again, up to five times, while it fails for a reason that passes by itself. */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === MOST_TRIES || !isTransient(error)) throw error;
      await delay(Math.random() * FIRST_PAUSE_MS * 2 ** tries);
    }
  }
}

async function once<T>(pool: pg.Pool, begin: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

export function isTransient(error: unknown): boolean {
  return TRANSIENT.has(sqlStateOf(error) ?? '');
}

/** The five characters by which Postgres tells errors apart; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** The violated constraint or index, when that is what the error is about. */
export function constraintOf(error: unknown): string | undefined {
  if (sqlStateOf(error) !== '23505') return undefined;
  return error instanceof Error && 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : undefined;
}
