/** Fills a PostgreSQL table from a CSV file once: for demonstrations and first starts. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Columns } from '@headrace/sdk';
import { from as copyFrom } from 'pg-copy-streams';
import { postgresType } from './postgres/column-types.ts';
import { withClient } from './postgres/connect.ts';
import { quote, quoteName } from './postgres/sql-text.ts';

export interface Seed {
  /** `schema.table`; both are made where they are missing. */
  readonly table: string;
  /** In the order of the file's columns, which must have these names. */
  readonly columns: Columns;
  /** The primary key. */
  readonly keys: readonly string[];
  /** Further columns that are searched by. */
  readonly indexes?: readonly string[];
  /** A CSV file with a header on the local disk, `.gz` or not. */
  readonly file: string;
}

/**
 * Makes the table and copies the file into it, in one transaction; a table that has rows is left as it is.
 * Answers with the number of rows copied. Many may call it at the same time.
 */
export function seedTable(url: string, seed: Seed): Promise<number> {
  return withClient({ id: 'seed', url }, new AbortController().signal, async (client) => {
    const table = quoteName(seed.table);
    const [schema] = seed.table.includes('.') ? seed.table.split('.', 1) : [];
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtext('headrace'), hashtext($1))`, [seed.table]);
    if (schema !== undefined) await client.query(`create schema if not exists ${quote(schema)}`);
    const columns = Object.entries(seed.columns).map(([name, type]) => `${quote(name)} ${postgresType(type)} not null`);
    await client.query(`create table if not exists ${table} (${columns.join(', ')}, primary key (${seed.keys.map(quote).join(', ')}))`);
    const { rowCount } = await client.query(`select 1 from ${table} limit 1`);
    if (rowCount !== 0) {
      await client.query('commit');
      return 0;
    }
    const sink = client.query(
      copyFrom(`copy ${table} (${Object.keys(seed.columns).map(quote).join(', ')}) from stdin (format csv, header match)`),
    );
    const bytes = createReadStream(seed.file);
    if (seed.file.endsWith('.gz')) await pipeline(bytes, createGunzip(), sink);
    else await pipeline(bytes, sink);
    for (const column of seed.indexes ?? []) await client.query(`create index on ${table} (${quote(column)})`);
    await client.query('commit');
    await client.query(`analyze ${table}`);
    return sink.rowCount;
  });
}
