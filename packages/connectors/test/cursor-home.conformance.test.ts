import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { DuckSession, lakeTarget, newestSnapshot, parquetRelation } from '@headrace/dataplane';
import type { TargetHarness } from '@headrace/dataplane/conformance/attempts';
import { cursorHomeConformance } from '@headrace/dataplane/conformance/cursor-home';
import { COLUMNS } from '@headrace/dataplane/conformance/target';
import * as jest from '@jest/globals';
import pg from 'pg';
import { emptyDatabase } from '../../../tests/support/empty-database.ts';
import { startS3 } from '../../../tests/support/s3-server.ts';
import { lake, postgres } from '../src/index.ts';
import { postgresTarget } from '../src/postgres/postgres-target.ts';
import { openRoot } from '../src/roots/open-root.ts';

cursorHomeConformance(jest, { name: 'A PostgreSQL database', open: openPostgres });
cursorHomeConformance(jest, {
  name: 'A lake on the local disk',
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headrace-cursors-'));
    return openLake(pathToFileURL(folder).href, () => rm(folder, { recursive: true, force: true }));
  },
});
cursorHomeConformance(jest, {
  name: 'A lake in S3',
  openMs: 600_000,
  alone: 'the gateway looks whether an object is there, and then writes it: of two conditional writers both may win',
  open: async () => {
    const { endpoint, region, bucket, accessKeyId, secretAccessKey, stop } = await startS3();
    const settings = new URLSearchParams({ endpoint, region, accessKeyId, secretAccessKey, pathStyle: 'true' });
    return openLake(`s3://${bucket}/lake?${settings}`, stop);
  },
});

async function openPostgres(): Promise<TargetHarness> {
  const { url, drop } = await emptyDatabase();
  const readers = new pg.Pool({ connectionString: url, max: 1 });
  // The database goes while an idle reader may still be on its way out.
  readers.on('error', () => {});
  let tables = 0;
  return {
    connector: postgresTarget,
    async place() {
      tables += 1;
      // Cursors are kept by schema; names of cursors are the same in all tests.
      return postgres('warehouse').table(`s${tables}.rows_${tables}`);
    },
    async rows({ settings }) {
      const { rows } = await readers.query<{ there: boolean }>('select to_regclass($1) is not null as there', [settings.name]);
      if (!rows[0]?.there) return [];
      return (await readers.query<Record<string, string>>(`select id::text, region, amount::text from ${String(settings.name)}`)).rows;
    },
    connection: (id) => ({ id, url }),
    async close() {
      await readers.end();
      await drop();
    },
  };
}

async function openLake(url: string, remove: () => Promise<void>): Promise<TargetHarness> {
  const scratch = await mkdtemp(join(tmpdir(), 'headrace-cursors-'));
  const root = await openRoot({ id: 'lake', url });
  const duck = await DuckSession.open(scratch, new AbortController().signal, { memoryLimit: '256MB', threads: 1 });
  let tables = 0;
  let copies = 0;
  const local = async (path: string): Promise<string> => {
    copies += 1;
    const copy = join(scratch, `${copies}.parquet`);
    await pipeline(await root.read(path), createWriteStream(copy));
    return copy;
  };
  return {
    connector: lakeTarget,
    place: async () => {
      tables += 1;
      return lake('lake').table(`raw/rows_${tables}`);
    },
    async rows({ settings }) {
      const snapshot = await newestSnapshot(root, String(settings.name));
      const files = await Promise.all((snapshot?.files ?? []).map(({ path }) => local(path)));
      if (files.length === 0) return [];
      const { select } = parquetRelation(files, COLUMNS);
      return duck.rows(`select id::varchar as id, region, amount::varchar as amount from (${select})`);
    },
    connection: (id) => ({ id, url }),
    openRoot,
    async close() {
      duck.close();
      await root.close();
      await remove();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
