/**
 * Brings the schema up to date.
 *
 * M1. One process migrates at a time: an advisory lock. M2. Each migration is one transaction with a lock timeout, so
 *     that it never makes a running system wait behind it. M3. What was applied is never changed: checksums are compared.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@headrace/ports';
import pg from 'pg';
import { connectionConfig } from '../database.ts';
import { MigrationChangedError, SchemaTooNewError, StandbyError } from '../errors.ts';
import { isTransient } from '../transaction.ts';
import { type Migration, readMigrations } from './migrations.ts';

export interface MigrateOptions {
  readonly log: Log;
  /** Default: the migrations of this Headrace. */
  readonly folder?: string;
}

/** Any number, but the same for ever. */
const LOCK = 7_428_001;
const LOCK_TIMEOUT = '5s';
const MOST_TRIES = 12;

/** Applies what is missing and answers with the names of the files applied. Throws MigrationChangedError, SchemaTooNewError, StandbyError. */
export async function migrate(url: string, { log, folder }: MigrateOptions): Promise<{ readonly applied: string[] }> {
  const migrations = await readMigrations(folder);
  const client = new pg.Client({ ...connectionConfig(url), application_name: 'headrace migrate' });
  client.on('error', (error) => log.warn({ error }, 'the connection that migrates was lost'));
  await client.connect();
  try {
    const { rows } = await client.query('select pg_is_in_recovery() as standby');
    if (rows[0]?.standby === true) throw new StandbyError();
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await prepare(client);
    const pending = pendingOf(migrations, await readApplied(client));
    for (const migration of pending) {
      await applyPatiently(client, migration, log);
      log.info({ migration: migration.name }, 'a migration was applied');
    }
    return { applied: pending.map((migration) => migration.name) };
  } finally {
    await client.end();
  }
}

async function prepare(client: pg.Client): Promise<void> {
  await client.query('create schema if not exists headrace');
  await client.query('set search_path = headrace, pg_catalog');
  await client.query(`create table if not exists schema_migration (
    version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`);
}

export interface AppliedMigration {
  readonly version: number;
  readonly checksum: string;
}

export async function readApplied(client: Pick<pg.ClientBase, 'query'>): Promise<readonly AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>('select version, checksum from headrace.schema_migration order by version');
  return rows;
}

/** Throws when the database is ahead of the files, or a file is not the one that was applied. */
export function pendingOf(migrations: readonly Migration[], applied: readonly AppliedMigration[]): readonly Migration[] {
  const newest = applied.at(-1)?.version ?? 0;
  const known = migrations.at(-1)?.version ?? 0;
  if (newest > known) throw new SchemaTooNewError(newest, known);
  const checksums = new Map(applied.map(({ version, checksum }) => [version, checksum]));
  for (const { version, name, checksum } of migrations) {
    const appliedChecksum = checksums.get(version);
    if (appliedChecksum !== undefined && appliedChecksum !== checksum) throw new MigrationChangedError(name);
  }
  return migrations.filter(({ version }) => !checksums.has(version));
}

/** A table that is busy for longer than the lock timeout is tried again: each try makes others wait for that long at most. */
async function applyPatiently(client: pg.Client, migration: Migration, log: Log): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await apply(client, migration);
      return;
    } catch (error) {
      await client.query('rollback');
      if (tries === MOST_TRIES || !isTransient(error)) throw error;
      log.warn({ migration: migration.name, tries }, 'a migration waits for a busy table and will be tried again');
      await delay(1_000);
    }
  }
}

async function apply(client: pg.Client, { version, name, sql, checksum }: Migration): Promise<void> {
  await client.query(`begin; set local lock_timeout = '${LOCK_TIMEOUT}'`);
  await client.query(sql);
  await client.query('insert into schema_migration (version, name, checksum) values ($1, $2, $3)', [version, name, checksum]);
  await client.query('commit');
}
