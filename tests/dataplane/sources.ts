/** Fills every kind of source with the row sets, and names them as a DAG would. */
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { files, lake, mongodb, mysql, page, postgres, rest } from '@headrace/connectors';
import { type Columns, exportTo, load, type Source, type Target } from '@headrace/sdk';
import { openRoot } from '../../packages/connectors/src/roots/open-root.ts';
import type { MariadbRig } from '../../packages/connectors/test/support/mariadb-rig.ts';
import { putDocuments } from '../../packages/connectors/test/support/put-documents.ts';
import { only, type Rig } from '../../packages/connectors/test/support/rig.ts';
import { FORMATS, type Format, ROOTS, type Root, type SourceName } from './cells.ts';
import { COLUMNS, NAMES, type SetName, type Sets } from './hard-rows.ts';
import { plain, records, WRITTEN } from './source-texts.ts';

const MYSQL_TYPES: Readonly<Record<string, string>> = {
  boolean: 'tinyint(1)',
  int2: 'smallint',
  int8: 'bigint',
  numeric: 'longtext',
  float8: 'double',
  json: 'longtext',
  bytes: 'longblob',
  text: 'longtext',
  uuid: 'char(36)',
  time: 'time(6)',
  timestamp: 'datetime(6)',
  timestamptz: 'datetime(6)',
};
const SETS: readonly SetName[] = ['south', 'first', 'second'];
const list = NAMES.map(([name]) => name).join(', ');

/** A file of a format, as a source and as a target. `excel` is a workbook. */
export function fileAt(
  format: Format,
  root: Root,
  path: string,
  options: { readonly fileColumn?: string; readonly columns?: Columns } = {},
): Source & Target {
  const place = files(root);
  const given = { columns: COLUMNS, ...options };
  if (format === 'csv' || format === 'csv.gz') return place.csv(`${path}.${format}`, given);
  if (format === 'ndjson') return place.ndjson(`${path}.ndjson`, given);
  if (format === 'json') return place.json(`${path}.json`, given);
  if (format === 'xml') return place.xml(`${path}.xml`, { record: 'rows/row', ...given });
  if (format === 'parquet') return place.parquet(`${path}.parquet`, given);
  return place.excel(`${path}.xlsx`, given);
}

/** The source of a set. */
export function sourceOf(name: SourceName, root: Root, set: SetName): Source {
  switch (name) {
    case 'postgres table':
      return postgres('pos').table(set);
    case 'postgres query':
      return postgres('pos').query(`select ${list} from ${set} where id is not null order by uid`);
    case 'mysql':
      return mysql('shop').table(set, { columns: COLUMNS });
    case 'mysql query':
      return mysql('shop').query(`select ${list} from ${set} order by uid`, { columns: COLUMNS });
    case 'mongodb':
      return mongodb('documents').collection(set, { columns: COLUMNS });
    case 'rest':
      return rest('api').get(`/${set}`, { columns: COLUMNS, paginate: page({ size: { param: 'limit', value: 97 } }) });
    case 'lake':
      return lake('lake').table(`given/${set}`);
    default:
      return fileAt(name, root, `given/${set}`);
  }
}

/** Connections of the rig: `pos`, `shop`, `documents`, `lake` and the roots. Answers with what ends the API. */
export async function fillSources({ rig, shop }: MariadbRig, sets: Sets): Promise<() => Promise<void>> {
  const pos = await rig.client('pos');
  for (const set of SETS) {
    const rows = sets[set];
    await pos.query(`create table ${set} (${NAMES.map(([name, type]) => `${name} ${type === 'bytes' ? 'bytea' : type}`).join(', ')})`);
    const values = NAMES.map(([name, type]) => `nullif(row ->> '${name}', null)::${type === 'bytes' ? 'bytea' : type}`);
    const texts = rows.map((row) => Object.fromEntries(NAMES.map(([name]) => [name, row[name] == null ? null : plain(name, row[name])])));
    await pos.query(`insert into ${set} select ${values.join(', ')} from jsonb_array_elements($1::jsonb) as rows(row)`, [
      JSON.stringify(texts),
    ]);

    await shop.query(
      `create table ${set} (${NAMES.map(([name, type]) => `${name} ${MYSQL_TYPES[type] ?? type}`).join(', ')}) character set utf8mb4`,
    );
    const cell = (name: string, type: string, text: string): string | Buffer => {
      if (type === 'bytes') return Buffer.from(text, 'hex');
      if (type === 'boolean') return text === 'true' ? '1' : '0';
      return type === 'timestamptz' ? text.replace('+00', '') : plain(name, text);
    };
    await shop.query(`insert into ${set} (${list}) values ?`, [
      rows.map((row) => NAMES.map(([name, type]) => (row[name] == null ? null : cell(name, type, row[name])))),
    ]);
    await putDocuments(rig.connections.documents ?? '', set, COLUMNS, rows);
    await rig.run(only(() => load('given', { from: postgres('pos').table(set), into: lake('lake').table(`given/${set}`) })));
    for (const root of ROOTS) for (const format of FORMATS) await putFile(rig, format, root, set, sets);
  }
  const api = await serveRecords(sets);
  rig.connections.api = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  return async () => {
    api.closeAllConnections();
    await new Promise((closed) => api.close(closed));
  };
}

/** Text formats from here; Parquet and workbooks, which nothing else at hand writes, by an export. */
async function putFile(rig: Rig, format: Format, root: Root, set: SetName, sets: Sets): Promise<void> {
  if (format === 'parquet' || format === 'excel') {
    await rig.run(only(() => exportTo('given', { from: postgres('pos').table(set), into: fileAt(format, root, `given/${set}`) })));
    return;
  }
  const text = format === 'csv.gz' ? gzipSync(WRITTEN.csv(sets[set])) : WRITTEN[format](sets[set]);
  const file = join(rig.folder, 'given');
  await writeFile(file, text);
  await (await openRoot({ id: root, url: rig.connections[root] ?? '' })).publish(file, `given/${set}.${format}`);
}

function serveRecords(sets: Sets): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const [at, limit] = [Number(searchParams.get('page') ?? 1), Number(searchParams.get('limit') ?? 50)];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(records(sets[pathname.slice(1) as SetName].slice((at - 1) * limit, at * limit)));
  });
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)));
}
