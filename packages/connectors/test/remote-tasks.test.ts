/** Whole tasks whose rows come from, or go to, other machines: SFTP, HTTP and MongoDB. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type DatasetResult, dag, exportTo, extract, type LakeResult, load, type TableResult } from '@headrace/sdk';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { type FerretDbServer, startFerretDb } from '../../../tests/support/ferretdb-server.ts';
import { type SftpServer, startSftp } from '../../../tests/support/sftp-server.ts';
import { files, lake, mongodb } from '../src/index.ts';
import { createRig, type Rig } from './support/rig.ts';

let rig: Rig;
let sftp: SftpServer;
let ferret: FerretDbServer;
let client: MongoClient;
let web: Server;

beforeAll(async () => {
  rig = await createRig();
  sftp = await startSftp();
  ferret = await startFerretDb();
  client = await new MongoClient(ferret.url).connect();
  web = createServer((request, response) => {
    const body = 'order_id,amount\n9223372036854775807,12.50\n2,0.10\n';
    if (request.url === '/exports/orders.csv') response.writeHead(200, { 'content-length': body.length }).end(body);
    else if (request.url === '/exports/broken.csv') {
      response.writeHead(200, { 'content-length': 10_000 });
      if (request.method === 'HEAD') response.end();
      else response.write(body, () => request.socket.end());
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  rig.connections.partner = sftp.url('');
  rig.connections.web = `http://127.0.0.1:${(web.address() as AddressInfo).port}/exports`;
  rig.connections.shop = `${ferret.url}/shop`;
}, 600_000);
afterAll(async () => {
  await client?.close();
  await ferret?.stop();
  await sftp?.stop();
  web?.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  await rig?.close();
});

const columns = { order_id: 'int8', amount: 'decimal(10,2)' } as const;

test('a packed file of an SFTP server becomes a lake table, and a report goes back', async () => {
  writeFileSync(join(sftp.folder, 'orders.csv.gz'), gzipSync('order_id,amount\n9223372036854775807,12.50\n2,0.10\n'));
  const results = await rig.runAll(() => {
    const orders = extract('orders', { from: files('partner').csv('orders.csv.gz', { columns }) });
    const table = load('table', { from: orders, into: lake('lake').table('raw/sftp_orders') });
    exportTo('report', { from: table, into: files('partner').csv('in/report.csv') });
  });
  expect(results.report).toMatchObject({ kind: 'file', rows: 2 });
  expect(readFileSync(join(sftp.folder, 'in/report.csv'), 'utf8')).toBe('order_id,amount\n9223372036854775807,12.50\n2,0.10\n');
});

test('a file that is not on the SFTP server is an error with the nearest name', async () => {
  const reading = rig.runAll(() => extract('orders', { from: files('partner').csv('order.csv.gz', { columns }) }));
  await expect(reading).rejects.toMatchObject({
    code: 'HR_FILE_NOT_FOUND',
    message: expect.stringContaining('did you mean "orders.csv.gz"'),
  });
});

test('a lake can lie on an SFTP server', async () => {
  rig.connections.far_lake = sftp.url('/lake');
  const put = (rows: string) =>
    rig.runAll(() => {
      const orders = extract('orders', { from: files('partner').csv(rows, { columns }), stage: 'far_lake' });
      load('table', { from: orders, into: lake('far_lake').table('raw/orders') });
    });
  const first = (await put('orders.csv.gz')).table as LakeResult;
  expect(first).toMatchObject({ version: 1, rows: 2, unchanged: false });
  expect((await put('orders.csv.gz')).table).toMatchObject({ version: 1, unchanged: true });
});

test('a file of a web server is whole or nothing of it is loaded', async () => {
  const results = await rig.runAll(() => extract('orders', { from: files('web').csv('orders.csv', { columns }) }));
  expect(results.orders).toMatchObject({ kind: 'package', rows: 2 });
  const broken = rig.runAll(() => extract('orders', { from: files('web').csv('broken.csv', { columns }) }));
  await expect(broken).rejects.toMatchObject({
    code: 'HR_FILE_CUT_OFF',
    retryable: true,
    message: expect.stringMatching(/[1-9]\d* of 10000 bytes/),
  });
  const missing = rig.runAll(() => extract('orders', { from: files('web').csv('nothing.csv', { columns }) }));
  await expect(missing).rejects.toMatchObject({ code: 'HR_FILE_NOT_FOUND' });
});

test('documents of the run’s interval go to the lake and on to another collection', async () => {
  const at = (hour: number) => new Date(Date.UTC(2017, 5, 19, 4 + hour));
  await client
    .db('shop')
    .collection('events')
    .insertMany(Array.from({ length: 48 }, (_, hour) => ({ hour, at: at(hour - 12), nested: { big: 9007199254740993n } })));
  const results = await rig.runDag(
    dag('rig', {}, ({ interval }) => {
      const events = extract('events', {
        from: mongodb('shop').collection('events', {
          filter: { at: { $gte: interval.start, $lt: interval.end } },
          columns: { hour: 'int4', at: 'timestamptz', nested: 'json' },
        }),
      });
      const table = load('table', { from: events, into: lake('lake').table('raw/events') });
      exportTo('copy', { from: table, into: mongodb('shop').collection('copies'), disposition: { merge: ['hour'] } });
    }),
  );
  expect(results.copy).toMatchObject({ kind: 'table', table: 'copies', rows: 24, inserted: 24 });
  const copies = await client.db('shop').collection('copies').find({}, { useBigInt64: true }).sort({ hour: 1 }).toArray();
  expect(copies.map(({ at: when }) => when)).toEqual(Array.from({ length: 24 }, (_, hour) => at(hour)));
  expect(copies[0]?.nested).toEqual({ big: 9007199254740993n });
  const [record] = await client.db('shop').collection('_headrace_load').find({}).toArray();
  expect(record).toMatchObject({ dag_id: 'rig', task_id: 'copy', state: 'committed', rows_in: 24, rows_out: 24, rows_inserted: 24 });
});

test('only what is new is read from a collection, and the cursor is kept beside the copy', async () => {
  const source = client.db('shop').collection('ticks');
  const point = new Date('2020-01-01T00:00:00Z');
  const run = async (): Promise<readonly DatasetResult[]> => {
    const results = await rig.runAll(
      () => {
        const ticks = extract('ticks', { from: mongodb('shop').collection('ticks', { columns: { n: 'int8' } }), cursor: { column: 'n' } });
        load('table', { from: ticks, into: mongodb('shop').collection('tick_copies'), disposition: 'append' });
      },
      { interval: { start: point, end: point, day: '2020-01-01', hour: '2020-01-01T00' }, runId: `manual__${Math.random()}` },
    );
    return Object.values(results);
  };
  const copied = async (): Promise<unknown[]> =>
    (await client.db('shop').collection('tick_copies').find().sort({ n: 1 }).toArray()).map(({ n }) => n);
  await source.insertMany([1, 2, 3].map((n) => ({ n })));
  expect((await run()).map(({ rows }) => rows)).toEqual([3, 3]);
  await source.insertMany([4, 5].map((n) => ({ n })));
  const [, second] = (await run()) as [DatasetResult, TableResult];
  expect(second).toMatchObject({ rows: 2, inserted: 2, cursor: { before: { value: '3' }, after: { value: '5' } } });
  expect((await run()).map(({ rows }) => rows)).toEqual([0, 0]);
  expect(await copied()).toEqual([1, 2, 3, 4, 5]);
});
