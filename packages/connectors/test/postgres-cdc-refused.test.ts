/** What is said when the changes of a table cannot be read: what is wrong, and what to do. */
import { exportTo } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { type ChangesOptions, postgres } from '../src/index.ts';
import { again, type CdcRig, createCdcRig, following, HARD, loading } from './support/cdc-rig.ts';
import { only } from './support/rig.ts';

let cdc: CdcRig;
beforeAll(async () => {
  cdc = await createCdcRig();
}, 60_000);
afterAll(() => cdc.close());

const refused = (run: Promise<unknown>, code: string, message: RegExp) =>
  expect(run).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

/** Forgets where a load is, as the command does. */
async function reset(table: string): Promise<void> {
  await cdc.warehouse.query('delete from _headrace_cursor where name = $1', [`rig.follow_${table}`]);
}

async function made(table: string, options: ChangesOptions = {}) {
  await cdc.shop.query(`create table ${table} (id int8 primary key, note text); insert into ${table} values (1, 'one')`);
  return following(table, { slot: table, ...options });
}

describe('before the first rows', () => {
  test('a server without logical decoding', async () => {
    const pos = await cdc.rig.client('pos');
    await pos.query('create table plain (id int8 primary key)');
    const task = loading('plain', postgres('pos').changes('plain', { give: 'last' }), 'plain', HARD);
    await refused(again(cdc.rig, task, 1), 'HR_CDC_WAL_LEVEL', /wal_level is "replica".*alter system set wal_level = 'logical'/);
  });

  test('a table that is not there, has no key, or has no log', async () => {
    await cdc.shop.query(
      'create table keyless (id int8); create view viewed as select 1 as id; create unlogged table unlogged (id int8 primary key)',
    );
    await refused(again(cdc.rig, following('keyles'), 1), 'HR_TABLE_NOT_FOUND', /keyless/);
    await refused(again(cdc.rig, following('keyless'), 1), 'HR_CDC_NO_KEY', /primary key/);
    for (const table of ['viewed', 'unlogged']) await refused(again(cdc.rig, following(table), 1), 'HR_CDC_NOT_A_TABLE', /log/);
  });

  test('a column of the table that has the name of one of ours', async () => {
    await cdc.shop.query('create table named (id int8 primary key, _deleted boolean)');
    await refused(again(cdc.rig, following('named'), 1), 'HR_COLUMN_TWICE', /_deleted/);
  });

  test('a publication that is not there, lacks the table, or leaves something out', async () => {
    await cdc.shop.query(`create table news (id int8 primary key); create publication empty; create publication added for table news with (publish = 'insert, update');
      create publication few for table news where (id > 3)`);
    await refused(
      again(cdc.rig, following('news', { publication: 'none' }), 1),
      'HR_CDC_PUBLICATION',
      /create publication "none" for table only "public"."news"/,
    );
    await refused(
      again(cdc.rig, following('news', { publication: 'empty' }), 1),
      'HR_CDC_PUBLICATION',
      /alter publication "empty" add table/,
    );
    await refused(again(cdc.rig, following('news', { publication: 'added' }), 1), 'HR_CDC_PUBLICATION', /every delete and truncate/);
    await refused(again(cdc.rig, following('news', { publication: 'few' }), 1), 'HR_CDC_PUBLICATION', /id > 3/);
  });

  test('a user who may not replicate, and one who may not publish', async () => {
    const task = await made('guarded_rows', { publication: 'guarded_rows' });
    await cdc.shop.query(
      'create publication guarded_rows for table guarded_rows; create role reader login; grant select on guarded_rows to reader',
    );
    const { shop } = cdc.rig.connections;
    cdc.rig.connections.shop = Object.assign(new URL(shop ?? ''), { username: 'reader' }).href;
    try {
      await refused(again(cdc.rig, task, 1), 'HR_CDC_PRIVILEGE', /alter role <user> replication/);
      await refused(again(cdc.rig, following('guarded_rows'), 1), 'HR_CDC_PUBLICATION', /Let its owner do it \(create publication/);
    } finally {
      cdc.rig.connections.shop = shop ?? '';
    }
    await again(cdc.rig, task, 2);
    expect(await cdc.texts(cdc.warehouse, 'select * from guarded_rows')).toEqual(['(1,one)']);
  });

  test('a task that keeps no position, and a cursor beside it', async () => {
    await made('loose');
    const from = postgres('shop').changes('loose');
    const put = only(() => exportTo('out', { from, into: postgres('warehouse').table('loose') }));
    await refused(again(cdc.rig, put, 1), 'HR_CDC_NOT_KEPT', /by a load/);
  });

  test('a slot that belongs to somebody else', async () => {
    await cdc.shop.query(`create table theirs (id int8 primary key)`);
    await cdc.shop.query(`select pg_create_logical_replication_slot('headrace_theirs', 'test_decoding')`);
    await refused(again(cdc.rig, following('theirs', { slot: 'theirs' }), 1), 'HR_CDC_SLOT_TAKEN', /Choose another name/);
  });
});

describe('later', () => {
  test('a slot that was dropped: the way out leads to the rows of the source', async () => {
    const task = await made('dropped');
    await again(cdc.rig, task, 1);
    await cdc.shop.query(`select pg_drop_replication_slot('headrace_dropped'); insert into dropped values (2, 'two')`);
    await refused(again(cdc.rig, task, 2), 'HR_CDC_SLOT_LOST', /headrace cursors reset rig\.follow_dropped/);
    await cdc.warehouse.query('delete from dropped');
    await reset('dropped');
    await again(cdc.rig, task, 3);
    expect(await cdc.texts(cdc.warehouse, 'select * from dropped')).toEqual(['(1,one)', '(2,two)']);
  });

  test('a TRUNCATE, and how to go on', async () => {
    const task = await made('emptied');
    await again(cdc.rig, task, 1);
    await cdc.shop.query(`truncate emptied; insert into emptied values (5, 'five')`);
    for (const attempt of [2, 3]) await refused(again(cdc.rig, task, attempt), 'HR_CDC_TRUNCATED', /TRUNCATE.*headrace cursors reset/);
    await cdc.warehouse.query('delete from emptied');
    await reset('emptied');
    await again(cdc.rig, task, 4);
    expect(await cdc.texts(cdc.warehouse, 'select * from emptied')).toEqual(['(5,five)']);
  });

  test('a TRUNCATE that is to be passed over', async () => {
    const task = await made('archived', { onTruncate: 'ignore' });
    await again(cdc.rig, task, 1);
    await cdc.shop.query(`truncate archived; insert into archived values (5, 'five')`);
    await again(cdc.rig, task, 2);
    expect(await cdc.texts(cdc.warehouse, 'select * from archived')).toEqual(['(1,one)', '(5,five)']);
  });

  test('a long value that is not in the log', async () => {
    const task = await made('toasted');
    await again(cdc.rig, task, 1);
    await cdc.shop.query(`alter table toasted alter note set storage external, add n int4; update toasted set note = repeat('x', 10000)`);
    await again(cdc.rig, task, 2);
    await cdc.shop.query('update toasted set n = 1');
    await refused(again(cdc.rig, task, 3), 'HR_CDC_VALUE_MISSING', /"note".*alter table "public"\."toasted" replica identity full/);
    // Nobody asked for it: it need not be there.
    const from = postgres('shop').changes('toasted', { columns: { id: 'int8', n: 'int4' }, give: 'last', slot: 'toasted' });
    const { warehouse } = cdc;
    await again(cdc.rig, loading('follow_toasted', from, 'toasted', HARD), 4);
    expect(await cdc.texts(warehouse, 'select id, length(note), n from toasted')).toEqual(['(1,10000,1)']);
  });

  test('a slot that somebody else reads, now or meanwhile', async () => {
    const task = await made('shared', { publication: 'shared_rows' });
    await cdc.shop.query('create publication shared_rows for table shared');
    await again(cdc.rig, task, 1);
    const url = new URL(cdc.rig.connections.shop ?? '');
    url.searchParams.set('replication', 'database');
    const other = new pg.Client(url.href);
    other.on('error', () => {});
    await other.connect();
    const reading = new Promise((begun) =>
      (other as unknown as { connection: NodeJS.EventEmitter }).connection.once('replicationStart', begun),
    );
    void other
      .query(`START_REPLICATION SLOT headrace_shared LOGICAL 0/0 (proto_version '1', publication_names 'shared_rows')`)
      .catch(() => {});
    await reading;
    await refused(again(cdc.rig, task, 2), 'HR_CDC_SLOT_BUSY', /another run/);
    (other as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await cdc.shop.query(
      `do $$ begin while exists (select from pg_replication_slots where slot_name = 'headrace_shared' and active) loop perform pg_sleep(0.01); end loop; end $$`,
    );
    await cdc.shop.query(`insert into shared values (2, 'two')`);
    await cdc.shop.query(`select pg_replication_slot_advance('headrace_shared', pg_current_wal_lsn())`);
    await refused(again(cdc.rig, task, 3), 'HR_CDC_POSITION', /somebody else reads from the slot/);
  });

  test('a table that was made anew', async () => {
    const task = await made('renewed');
    await again(cdc.rig, task, 1);
    await cdc.shop.query('drop table renewed');
    await made('renewed');
    await refused(again(cdc.rig, task, 2), 'HR_CDC_PUBLICATION', /does not have the table/);
    await cdc.shop.query(
      `do $$ declare p name; begin select pubname into p from pg_publication where pubname like 'headrace_public_renewed%'; execute format('alter publication %I add table renewed', p); end $$`,
    );
    await refused(again(cdc.rig, task, 3), 'HR_CDC_POSITION', /made anew/);
  });

  test('another slot than that which was read', async () => {
    const task = await made('moved');
    await again(cdc.rig, task, 1);
    await refused(
      again(cdc.rig, following('moved', { slot: 'elsewhere' }), 2),
      'HR_CDC_POSITION',
      /"headrace_moved", and not from "headrace_elsewhere"/,
    );
  });

  test('a slot that the server gave up', async () => {
    const task = await made('outgrown');
    await again(cdc.rig, task, 1);
    await cdc.shop.query(`alter system set max_slot_wal_keep_size = '1MB'`);
    await cdc.shop.query('select pg_reload_conf()');
    for (let segment = 0; segment < 3; segment += 1) {
      await cdc.shop.query(`insert into outgrown values (${segment + 10}, 'more')`);
      await cdc.shop.query('select pg_switch_wal()');
    }
    await cdc.shop.query('checkpoint');
    await refused(again(cdc.rig, task, 2), 'HR_CDC_SLOT_LOST', /max_slot_wal_keep_size/);
  });
});

test('a builder refuses what cannot be', () => {
  const shop = postgres('shop');
  expect(() => shop.changes('sales', { slot: 'No!' })).toThrow(/lower-case/);
  expect(() => shop.changes('sales', { onTruncate: 'row' })).toThrow(/details: true/);
  expect(() => shop.changes('sales', { warnLag: -1 })).toThrow(/bytes/);
  expect(() => shop.changes('sales', { give: 'some' as 'last' })).toThrow(/every, last/);
});
