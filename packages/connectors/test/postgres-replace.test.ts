import { extract, load, type TableResult, type TaskDefinition } from '@headrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { postgres } from '../src/index.ts';
import { createRig, only, type Rig, type RunOptions, tasksOf } from './support/rig.ts';

const columns = { id: 'int8', name: 'text' } as const;
const day = (n: number): NonNullable<RunOptions['interval']> => {
  const text = `2017-06-${String(n).padStart(2, '0')}`;
  return {
    start: new Date(`${text}T00:00:00Z`),
    end: new Date(Date.parse(`${text}T00:00:00Z`) + 86_400_000),
    day: text,
    hour: `${text}T00`,
  };
};

describe('a table of PostgreSQL that is replaced', () => {
  let rig: Rig;
  let pos: pg.Client;
  let reporting: pg.Client;
  beforeAll(async () => {
    rig = await createRig();
    pos = await rig.client('pos');
    reporting = await rig.client('reporting');
  }, 60_000);
  afterAll(() => rig.close());
  beforeEach(async () => {
    await pos.query('drop table if exists source');
    await pos.query(`create table source as select i::int8 as id, 'name ' || i as name from generate_series(1, 100) i`);
    await reporting.query('drop table if exists target, _headrace_load, _headrace_attempt cascade');
  });

  // By a package, so that the rows are not piped from one server to the other.
  const [get, put] = [
    ...tasksOf(() => {
      load('replace', {
        from: extract('get', { from: postgres('pos').table('source', { columns }) }),
        into: postgres('reporting').table('target'),
      });
    }).values(),
  ];
  const replace = async (options: RunOptions = {}) => {
    const from = await rig.run(get as TaskDefinition, options);
    return rig.run(put as TaskDefinition<TableResult>, { ...options, inputs: { from } });
  };
  const oid = async () => (await reporting.query<{ oid: string }>(`select 'target'::regclass::oid as oid`)).rows[0]?.oid;
  const changed = async (n: number) => {
    await pos.query('update source set name = $1 || id', [`round ${n} `]);
    return replace({ interval: day(n) });
  };
  const names = async () =>
    (
      await reporting.query<{ name: string }>(
        `select distinct split_part(name, ' ', 1) || ' ' || split_part(name, ' ', 2) as name from target`,
      )
    ).rows;

  test('is another table of the same name, with the indexes, constraints, grants, options, comment and owner of the first', async () => {
    const role = `reader_${Date.now()}`;
    await reporting.query(`create role ${role}`);
    await reporting.query(`
      create table target (id int8 constraint target_key primary key, name text not null default 'x' constraint short check (length(name) < 50), loaded timestamptz default now());
      create index by_name on target using btree (lower(name) text_pattern_ops, id desc) include (loaded) where name <> '';
      alter table target add constraint one_name unique (name) deferrable initially deferred;
      alter table target set (fillfactor = 80, autovacuum_enabled = false);
      comment on table target is 'It''s the report'; comment on column target.name is 'A name';
      grant select on target to ${role} with grant option; grant insert, delete on target to public; revoke truncate on target from current_user`);
    try {
      await replace();
      const traits = async () =>
        (
          await reporting.query(
            `select (select array_agg(indexdef order by indexdef) from pg_indexes where tablename = 'target') as indexes,
                    (select array_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname) from pg_constraint where conrelid = 'target'::regclass) as constraints,
                    (select array_agg(acl::text order by acl::text) from unnest(relacl) acl) as grants, reloptions, relowner::regrole::text as owner, obj_description(oid) as comment,
                    (select array_agg(attname || ' ' || attnotnull || ' ' || coalesce(col_description(attrelid, attnum), '') || coalesce(pg_get_expr(adbin, adrelid), '') order by attnum)
                       from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum where attrelid = 'target'::regclass and attnum > 0) as columns
               from pg_class where oid = 'target'::regclass`,
          )
        ).rows[0];
      const before = await traits();
      const first = await oid();
      expect(await changed(20)).toMatchObject({ inserted: 100, deleted: 100 });
      expect(await oid()).not.toBe(first);
      expect(await traits()).toEqual(before);
      expect(await names()).toEqual([{ name: 'round 20' }]);
      expect((await reporting.query(`select count(*)::int as n from pg_class where relname ~ '^_headrace_[0-9a-f]{20}'`)).rows).toEqual([
        { n: 0 },
      ]);
    } finally {
      await reporting.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test.each([
    ['a view', 'create view seen as select * from target'],
    ['a foreign key to it', 'create table child (id int8 references target)'],
    ['a foreign key of its own', 'create table parent (id int8 primary key); alter table target add column parent int8 references parent'],
    [
      'a trigger',
      `create function touch() returns trigger language plpgsql as 'begin return new; end'; create trigger t before insert on target for each row execute function touch()`,
    ],
    ['a row policy', 'alter table target enable row level security; create policy p on target using (true)'],
    ['a rule', 'create rule r as on update to target do also nothing'],
    ['a publication', 'create publication changes for table target'],
    ['a serial column', 'alter table target add column n bigserial'],
    ['an identity column', 'alter table target add column n int generated always as identity'],
    ['a child', 'create table child () inherits (target)'],
    ['extended statistics', 'create statistics s on id, name from target'],
    ['a function over its rows', `create function f(target) returns int8 language sql as 'select $1.id'`],
    ['grants on a column', 'grant select (name) on target to public'],
  ])('keeps its identity for %s, and is written by deleting and inserting', async (_name, sql) => {
    await reporting.query('create table target (id int8 primary key, name text)');
    await reporting.query(sql);
    const first = await oid();
    try {
      expect(await changed(20)).toMatchObject({ inserted: 100, deleted: 0 });
      expect(await changed(21)).toMatchObject({ inserted: 100, deleted: 100 });
      expect(await oid()).toBe(first);
      expect(await names()).toEqual([{ name: 'round 21' }]);
    } finally {
      await reporting.query(
        'drop publication if exists changes; drop table target cascade; drop function if exists touch; drop table if exists child, parent',
      );
    }
  });

  test('is never seen empty or half: not by a new query, not by a transaction with an older snapshot', async () => {
    await replace();
    const old = await rig.client('reporting');
    await old.query('begin isolation level repeatable read');
    await old.query('select count(*) from _headrace_load');
    const seen = new Set<string>();
    let done = false;
    const reader = (async () => {
      while (!done) {
        const { rows } = await reporting.query<{ n: string }>(
          `select count(*) || ' of ' || count(distinct left(name, 8)) as n from target`,
        );
        seen.add(rows[0]?.n ?? '');
      }
    })();
    for (const n of [11, 12, 13, 14]) {
      await pos.query(`update source set name = $1 || lpad(id::text, 3, '0')`, [`round${n} `]);
      expect(await replace({ interval: day(n) })).toMatchObject({ inserted: 100, deleted: 100 });
    }
    done = true;
    await reader;
    expect([...seen].every((each) => each.startsWith('100 of '))).toBe(true);
    expect((await old.query('select count(*)::int as n from target')).rows).toEqual([{ n: 100 }]);
    await old.query('rollback');
  });

  test('is written by deleting and inserting while a reader holds it, and the reader goes on', async () => {
    await replace();
    const first = await oid();
    const holder = await rig.client('reporting');
    await holder.query('begin');
    await holder.query('select * from target limit 1');
    expect(await changed(20)).toMatchObject({ inserted: 100, deleted: 100 });
    expect(await oid()).toBe(first);
    expect((await holder.query('select count(*)::int as n from target')).rows).toEqual([{ n: 100 }]);
    await holder.query('commit');
  });

  test('is left alone when the same content comes again in another run, but not when a hand has been at it', async () => {
    await replace({ interval: day(1) });
    const first = await oid();
    expect(await replace({ interval: day(2) })).toMatchObject({ inserted: 0, deleted: 0, unchanged: 100 });
    expect(await replace({ interval: day(3) })).toMatchObject({ inserted: 0, deleted: 0, unchanged: 100 });
    expect(await oid()).toBe(first);
    await reporting.query(`update target set name = 'by hand' where id = 7`);
    expect(await replace({ interval: day(4) })).toMatchObject({ inserted: 100, deleted: 100 });
    await reporting.query(`delete from target where id = 7`);
    expect(await replace({ interval: day(4), attempt: 2 })).toMatchObject({ inserted: 100, deleted: 99 });
    expect(await replace({ interval: day(4), attempt: 3 })).toMatchObject({ unchanged: 100 });
  });
});

describe('the account of loads into a schema', () => {
  let rig: Rig;
  let reporting: pg.Client;
  beforeAll(async () => {
    rig = await createRig();
    reporting = await rig.client('reporting');
    await (await rig.client('pos')).query('create table source as select i::int8 as id from generate_series(1, 9) i');
  }, 60_000);
  afterAll(() => rig.close());
  const append = (options: RunOptions = {}) =>
    rig.run(
      only(() =>
        load('append', {
          from: postgres('pos').table('source', { columns: { id: 'int8' } }),
          into: postgres('reporting').table('target'),
          disposition: 'append',
          generation: 4,
        }),
      ) as TaskDefinition<TableResult>,
      options,
    );

  test('is brought up to date where an earlier version made it, and says all of a load', async () => {
    await append();
    await reporting.query(
      `alter table _headrace_load drop column generation, drop column schema_hash, drop column as_of, drop column rows_xid; drop table _headrace_attempt`,
    );
    expect(await append({ attempt: 2 })).toMatchObject({ unchanged: 9 });
    const { rows } = await reporting.query('select * from _headrace_load');
    expect(rows).toEqual([
      expect.objectContaining({
        dag_id: 'rig',
        task_id: 'append',
        map_index: -1,
        attempt: 2,
        generation: 4,
        disposition: 'append',
        rows_in: '9',
        rows_out: '9',
        rows_deduplicated: '0',
        rows_quarantined: '0',
        rows_unchanged: '9',
        interval_start: new Date('2017-06-19T04:00:00Z'),
        interval_end: new Date('2017-06-20T04:00:00Z'),
        as_of: new Date('2017-06-20T04:00:00Z'),
        schema_hash: expect.stringMatching(/^[0-9a-f]{16}$/),
      }),
    ]);
  });

  test('shuts an attempt out as soon as a newer one has begun, though that one never commits', async () => {
    const interval = day(3);
    const stopped = new AbortController();
    const newer = append({
      interval,
      attempt: 2,
      signal: stopped.signal,
      onLog: ({ message }) => message === 'staged' && stopped.abort(new Error('killed')),
    });
    await expect(newer).rejects.toThrow('killed');
    await expect(append({ interval, attempt: 1 })).rejects.toMatchObject({ code: 'HR_FENCED_COMMIT' });
    expect(await append({ interval, attempt: 3 })).toMatchObject({ inserted: 9 });
    expect((await reporting.query('select * from _headrace_attempt where attempt < 3')).rows).toEqual([]);
  });
});
