/**
 * Writes `migrations/schema.sql`, what all migrations together lead to:
 *
 *     node packages/store-postgres/scripts/dump-schema.ts postgres://…   a server on which a database may be created
 */
import { writeFile } from 'node:fs/promises';
import { silentLog } from '@headrace/ports';
import pg from 'pg';
import { migrate } from '../src/index.ts';
import { describeSchema } from './describe-schema.ts';

const [, , server] = process.argv;
if (server === undefined) {
  console.error('Give the URL of a PostgreSQL server on which a database may be created');
  process.exitCode = 2;
} else {
  await writeFile(new URL('../../../migrations/schema.sql', import.meta.url), await dump(server));
}

async function dump(url: string): Promise<string> {
  const database = `headrace_dump_${process.pid}`;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query(`create database ${database}`);
    const target = new URL(url);
    target.pathname = `/${database}`;
    await migrate(target.href, { log: silentLog });
    const client = new pg.Client({ connectionString: target.href });
    await client.connect();
    try {
      return await describeSchema(client);
    } finally {
      await client.end();
    }
  } finally {
    await admin.query(`drop database if exists ${database} with (force)`);
    await admin.end();
  }
}
