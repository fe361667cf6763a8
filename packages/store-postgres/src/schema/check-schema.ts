/** Whether this Headrace and the database's schema fit each other. Asked once, at the start. */
import type pg from 'pg';
import { SchemaTooOldError } from '../errors.ts';
import { sqlStateOf } from '../transaction.ts';
import { pendingOf, readApplied } from './migrate.ts';
import { readMigrations } from './migrations.ts';

const UNDEFINED_TABLE = '42P01';

/** Throws SchemaTooOldError, SchemaTooNewError or MigrationChangedError. */
export async function checkSchema(pool: pg.Pool): Promise<void> {
  const migrations = await readMigrations();
  const applied = await readApplied(pool).catch((error: unknown) => {
    if (sqlStateOf(error) === UNDEFINED_TABLE) return [];
    throw error;
  });
  if (pendingOf(migrations, applied).length > 0) throw new SchemaTooOldError(applied.length, migrations.length);
}
