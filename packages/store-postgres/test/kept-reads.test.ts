/** What reads keep: names of statements, specs of versions, and which lists are too long to be counted. Each is bounded. */
import type { DagSpec } from '@headrace/core';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Queryable } from '../src/database.ts';
import { BoundedMap } from '../src/queries/bounded-map.ts';
import { Conditions } from '../src/queries/conditions.ts';
import { KeptSpecs } from '../src/queries/kept-specs.ts';
import { KeptVersions } from '../src/queries/kept-versions.ts';
import { ListLengths } from '../src/queries/list-lengths.ts';
import { StatementNames } from '../src/queries/statement-names.ts';

describe('names of statements', () => {
  test('a text that comes again gets a name, and keeps it', () => {
    const names = new StatementNames('read');
    expect(names.named('select $1', [1])).toEqual({ text: 'select $1', values: [1] });
    const second = names.named('select $1', [2]);
    expect(second).toEqual({ name: 'read 0', text: 'select $1', values: [2] });
    expect(names.named('select $1', [2])).toEqual(second);
  });

  test('there are 500 at most, whatever is asked', () => {
    const names = new StatementNames('read');
    const named = Array.from({ length: 1_500 }, (_, index) => {
      names.named(`select ${index}`, []);
      return names.named(`select ${index}`, []).name;
    });
    expect(new Set(named.slice(0, 500)).size).toBe(500);
    expect(named.slice(500).every((name) => name === undefined)).toBe(true);
    expect(names.named('select 0', []).name).toBe('read 0');
  });
});

describe('conditions', () => {
  test('have one plan as long as all their values are keys', () => {
    const keys = new Conditions().key('r.dag_id = ?', 'a').key('r.run_id = ?', undefined);
    expect(keys.known('r.state', ['failed'], ['queued', 'failed']).haveOnePlan).toBe(true);
    expect(keys.sql).toBe(" where r.dag_id = $1 and r.state = 'failed'");
    expect(keys.copy().haveOnePlan).toBe(true);
    expect(keys.copy().like('r.run_id', 'x').haveOnePlan).toBe(false);
    new Conditions(keys.values).anyOf('s.state', ['a']);
    expect(keys.haveOnePlan).toBe(false);
  });

  test('only what we know ourselves stands in the text: of anything else there is nothing', () => {
    const all: readonly string[] = ['queued', 'failed', 'running'];
    expect(new Conditions().known('state', ["'; drop table dag; --"], all).sql).toBe(' where false');
    expect(new Conditions().known('state', [], all).sql).toBe(' where false');
    expect(new Conditions().known('state', undefined, all).sql).toBe('');
    expect(new Conditions().known('state', ['running', 'x', 'queued'], all).sql).toBe(" where state in ('queued', 'running')");
  });
});

test('a spec is read once, by all who ask; what was not asked for the longest goes first', async () => {
  const asked: string[][] = [];
  const db = {
    query: async ({ values: [ids] }: { values: [string[]] }) => {
      asked.push(ids);
      return { rows: ids.filter((id) => id !== 'gone').map((id) => ({ id, spec: JSON.stringify({ dagId: id }) })) };
    },
  } as unknown as Queryable;
  const length = JSON.stringify({ dagId: '1' }).length;
  const specs = new KeptSpecs(2 * length);
  const first = await specs.of(db, ['1', '2', 'gone']);
  expect([...first]).toEqual([
    ['1', { dagId: '1' }],
    ['2', { dagId: '2' }],
  ]);
  expect((await specs.of(db, ['1'])).get('1')).toBe(first.get('1') as DagSpec);
  await specs.of(db, ['3']);
  expect((await specs.of(db, ['1', '3'])).size).toBe(2);
  expect(asked).toEqual([['1', '2', 'gone'], ['3']]);
  await specs.of(db, ['2']);
  await specs.of(db, ['much longer than all that is kept']);
  await specs.of(db, ['much longer than all that is kept', '3']);
  expect(asked.slice(2)).toEqual([['2'], ['much longer than all that is kept'], ['much longer than all that is kept']]);
});

test('who asks for a spec that is being read waits for it; one that could not be read is read anew', async () => {
  const answers: PromiseWithResolvers<{ rows: unknown[] }>[] = [];
  const db = {
    query: () => {
      const answer = Promise.withResolvers<{ rows: unknown[] }>();
      answers.push(answer);
      return answer.promise;
    },
  } as unknown as Queryable;
  const specs = new KeptSpecs();
  const asked = [specs.of(db, ['1']), specs.of(db, ['1'])];
  answers[0]?.reject(new Error('gone'));
  expect((await Promise.allSettled(asked)).map((one) => one.status)).toEqual(['rejected', 'rejected']);
  const again = [specs.of(db, ['1']), specs.of(db, ['1', '1'])];
  answers[1]?.resolve({ rows: [{ id: '1', spec: '{"dagId":"a"}' }] });
  const [one, other] = await Promise.all(again);
  expect(one?.get('1')).toEqual({ dagId: 'a' });
  expect(other?.get('1')).toBe(one?.get('1'));
  expect(answers).toHaveLength(2);
});

test('what rows tell of their version is read once; a row whose version is gone is left out', async () => {
  const asked: string[][] = [];
  const db = {
    query: async ({ values: [ids] }: { values: [string[]] }) => {
      asked.push(ids);
      return { rows: ids.filter((id) => id !== 'gone').map((id) => ({ id, number: Number(id), bundle_hash: `hash ${id}` })) };
    },
  } as unknown as Queryable;
  const versions = new KeptVersions();
  const join = (...ids: string[]) =>
    versions.join(
      db,
      ids.map((id, at) => ({ at, version_id: id })),
      ({ at }, { number, bundleHash }) => `${at}: ${number}, ${bundleHash}`,
    );
  expect(await join('1', '2', 'gone', '1')).toEqual(['0: 1, hash 1', '1: 2, hash 2', '3: 1, hash 1']);
  expect(await join('2', '1')).toEqual(['0: 2, hash 2', '1: 1, hash 1']);
  expect(await join()).toEqual([]);
  expect(await join('3', '1', '3')).toEqual(['0: 3, hash 3', '1: 1, hash 1', '2: 3, hash 3']);
  expect(asked).toEqual([['1', '2', 'gone'], ['3']]);
});

test('a bounded map forgets what was put in first', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('a', 3).set('c', 4);
  expect([...map]).toEqual([
    ['b', 2],
    ['c', 4],
  ]);
});

describe('how long a list was found to be', () => {
  let now = 0;
  let lengths: ListLengths;

  beforeEach(() => {
    now = 0;
    lengths = new ListLengths(() => now);
  });

  test('one that is too long to be counted is taken for too long for ten seconds, up to where it was counted', () => {
    expect(lengths.of('a', 10)).toBeUndefined();
    lengths.keep('a', 100, 101);
    expect([lengths.of('a', 90), lengths.of('a', 100), lengths.of('a', 101), lengths.of('b', 1)]).toEqual([91, 101, undefined, undefined]);
    now = 9_999;
    expect(lengths.of('a', 100)).toBe(101);
    now = 10_000;
    expect(lengths.of('a', 100)).toBeUndefined();
  });

  test('a count of more than a thousand rows is good for two seconds, wherever the page is', () => {
    lengths.keep('a', 10_000, 1_001);
    expect([lengths.of('a', 10_000), lengths.of('a', 10_500), lengths.of('a', 1_000), lengths.of('a', 500)]).toEqual([
      1_001, 1_001, 1_001, 501,
    ]);
    now = 2_000;
    expect(lengths.of('a', 10_000)).toBeUndefined();
  });

  test('what is shorter is always counted, also if it was longer before', () => {
    lengths.keep('a', 10_000, 1_001);
    lengths.keep('a', 10_000, 1_000);
    expect(lengths.of('a', 10_000)).toBeUndefined();
  });

  test('a thousand are kept, those of which was told last', () => {
    for (let index = 0; index < 1_001; index++) lengths.keep(`list ${index}`, 1, 2);
    expect([lengths.of('list 0', 1), lengths.of('list 1', 1), lengths.of('list 1000', 1)]).toEqual([undefined, 2, 2]);
  });
});
