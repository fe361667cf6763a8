/** Wrong wires are compile errors: each snippet is compiled, and errs on exactly the lines marked so. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type ts from 'typescript';
import { compileMarked, messagesIn, OUR_OPTIONS } from '../../../tests/support/compile-texts.ts';

const FOLDER = join(import.meta.dirname, '..', 'src');
const HEAD = `import {
  again, all, any, approval, asset, assetsAndTime, assetsOrTime, branch, chain, continuous, cron, crons, cross, dag, deadline, defineOperation,
  done, type AssetEvent, type DagDefinition, events, every, FailTask, group, input, interval as intervals, latestOnly, loop, type MappedResults,
  notify, once, onAssets, partitions, product, type Reference, sensor, setup, shortCircuit, switchOn, task, teardown, text, timetable,
  triggerDag, using, variable, waitForAsset, waitForRun, waitUntil, zip,
} from './index.ts';
import { z } from 'zod';
declare const expectType: <T>() => <U>(value: U, ...exact: (<X>() => X extends T ? 1 : 2) extends <X>() => X extends U ? 1 : 2 ? [] : [never]) => void;
`;

const SNIPPETS: Readonly<Record<string, string>> = {
  'results arrive awaited and under their name': `
dag('d', {}, () => {
  const a = task('a', async () => ({ rows: 1, at: new Date() }));
  const b = task('b', { in: { a } }, ({ a }) => {
    expectType<{ rows: number; at: Date }>()(a);
    return a.rows + 1;
  });
  task('c', { in: { a, b } }, ({ b, a }) => b.toFixed() + a.at.getTime());
  task('d', { in: { b } }, ({ b }) => b.length); // errs
  task('e', { in: { b } }, ({ a }) => a); // errs
  task('f', ({ log, signal, interval }) => { log.info(interval.day); signal.throwIfAborted(); });
});`,
  'variables are texts, or what their schema makes of them': `
dag('d', {}, () => {
  const given = { region: variable('region'), limits: variable('limits', z.object({ rows: z.number() })) };
  task('a', { in: given }, ({ region, limits }) => {
    expectType<string>()(region);
    expectType<number>()(limits.rows);
  });
  task('b', { in: { region: variable('region') } }, ({ region }) => region.rows); // errs
  variable(7); // errs
  variable('region', 'text'); // errs
});`,
  'params flow to the references and on to the tasks': `
dag('d', { params: z.object({ min: z.number().default(0), region: z.object({ name: z.string() }).optional() }) }, ({ params, interval, run }) => {
  const min: Reference<number> = params.min;
  const wrong: Reference<string> = params.min; // errs
  task('a', { in: { min: params.min, day: interval.day, id: run.id } }, ({ min, day, id }) => {
    expectType<number>()(min);
    expectType<string>()(day);
    return id.length;
  });
  task('b', { in: { params } }, ({ params }) => params.min.toFixed());
  task('c', { in: { params } }, ({ params }) => params.max); // errs
  params.max; // errs
  text\`raw/\${interval.day}\`;
  const sum: number = params.min; // errs
  return [min, wrong, sum];
});`,
  'without params there are none': `
dag('d', {}, ({ params }) => {
  task('a', { in: { x: params.anything } }, ({ x }) => x.length); // errs
});`,
  'under another rule than all_success a result may be missing': `
dag('d', {}, () => {
  const a = task('a', () => 1);
  task('b', { in: { a }, triggerRule: 'all_success' }, ({ a }) => a.toFixed());
  task('c', { in: { a }, triggerRule: 'all_done' }, ({ a }) => a.toFixed()); // errs
  task('d', { in: { a }, triggerRule: 'all_done' }, ({ a }) => a?.toFixed());
  task('e', { triggerRule: 'sometimes' }, () => 1); // errs
});`,
  'an input is a task or a reference, and no name of the context': `
dag('d', {}, () => {
  const a = task('a', () => 1);
  task('b', { in: { a: 1 } }, () => 1); // errs
  task('c', { in: { log: a } }, () => 1); // errs
  task('d', { after: a }, () => 1);
  task('e', { after: ['a'] }, () => 1); // errs
  chain(a, 'a'); // errs
});`,
  'durations have a unit': `
dag('d', { schedule: cron('@daily', { interval: '1 day' }), start: '2026-01-01', catchup: { window: '7 days' } }, () => {
  task('a', { executionTimeout: '90s', retries: { max: 3, delay: '1.5 minutes', on: [{ error: FailTask, action: 'fail' }, { error: 'ECONNREFUSED', action: 'retry', delay: { ms: 5 } }] } }, () => 1);
  task('b', { executionTimeout: 90 }, () => 1); // errs
  task('c', { executionTimeout: '90' }, () => 1); // errs
  task('d', { executionTimeout: '3 fortnights' }, () => 1); // errs
  task('e', { retries: 2 }, () => 1);
});
cron('@daily', { interval: 5 }); // errs
dag('e', { catchup: 'some' }, () => undefined); // errs`,
  'an operation has the result that its builder says': `
dag('d', {}, () => {
  const rows = defineOperation<{ rows: bigint }>('extract', { taskId: 'x', operation: {} });
  task('a', { in: { rows } }, ({ rows }) => rows.rows + 1n);
  task('b', { in: { rows } }, ({ rows }) => rows.rows + 1); // errs
  defineOperation('task', { taskId: 'y', operation: {} }); // errs
});`,
  'a mapped task has its item, and what comes after it all results': `
dag('d', {}, ({ interval }) => {
  const shops = task('shops', () => [{ id: 1, city: 'Ulm' }]);
  const sales = task('sales', { each: shops, in: { day: interval.day }, label: '{item.city}' }, ({ item, day }) => {
    expectType<{ id: number; city: string }>()(item);
    return { rows: item.id + day.length };
  });
  task('b', { each: shops }, ({ item }) => item.name); // errs
  task('c', { each: shops, label: ({ item }) => item.city }, () => 1);
  task('d', { each: shops, label: ({ item }) => item.id }, () => 1); // errs
  task('sum', { in: { sales } }, async ({ sales }) => {
    expectType<MappedResults<{ rows: number }>>()(sales);
    const first = await sales.at(0);
    first.rows; // errs
    for await (const { rows } of sales) rows.toFixed();
    return (await sales.toArray()).length + sales.length;
  });
  task('wrong', { in: { sales } }, ({ sales }) => sales.rows); // errs
  task('again', { each: sales }, ({ item }) => item.rows.toFixed());
  task('rule', { in: { sales }, triggerRule: 'all_done' }, ({ sales }) => sales.length);
  task('literal', { each: ['eu', 'us'] }, ({ item }) => expectType<'eu' | 'us'>()(item));
  task('days', { each: [interval.day, 'x'] }, ({ item }) => item.length);
  task('entries', { each: task('o', () => ({ a: 1, b: 2 })) }, ({ item: [key, value] }) => key.length + value);
  task('none', { in: {} }, ({ item }) => item); // errs
  task('number', { each: task('n', () => 5) }, () => 1); // errs
});`,
  'combinations have an argument for each list': `
dag('d', {}, () => {
  const days = task('days', () => ['2026-01-01']);
  task('a', { each: product({ day: days, region: ['eu', 'us'] }) }, ({ day, region }) => {
    expectType<string>()(day);
    expectType<'eu' | 'us'>()(region);
  });
  task('b', { each: zip({ n: [1, 2], day: days }), label: '{n}' }, ({ n, day }) => n.toFixed() + day.length);
  task('c', { each: zip({ n: [1, 2] }) }, ({ item }) => item); // errs
  task('d', { each: product({ n: 5 }) }, () => 1); // errs
});`,
  'a group answers with what it built, mapped with all results': `
dag('d', { defaults: { queue: 'q' } }, () => {
  const list = task('list', () => [{ name: 'x' }]);
  const one = group('one', { defaults: { retries: 2 }, doc: 'x', retries: { max: 1, delay: '1m' } }, () => {
    const a = task('a', () => 1);
    const inner = group('inner', () => ({ b: task('b', { in: { a } }, ({ a }) => a > 0) }));
    return { a, b: inner.b };
  });
  task('x', { in: { a: one.a, b: one.b } }, ({ a, b }) => { expectType<number>()(a); expectType<boolean>()(b); });
  task('y', { in: { c: one.c } }, () => 1); // errs
  const each = group('each', { each: list, label: '{item.name}' }, ({ item }) => {
    const size = task('size', { in: { name: item.name, all: item } }, ({ name, all }) => name.length + all.name.length);
    task('wrong', { in: { name: item.nam } }, () => 1); // errs
    return task('twice', { in: { size } }, ({ size }) => size * 2);
  });
  task('all', { in: { each } }, async ({ each }) => {
    expectType<MappedResults<number>>()(each);
    return each.toFixed(); // errs
  });
  task('over', { each }, ({ item }) => item.toFixed());
  task('after', { after: [one, list] }, () => 1);
  task('input', { in: { one } }, () => 1); // errs
  chain(list, [one, each], task('end', () => 1));
  cross([one, list], each);
  chain(one, 'each'); // errs
  group('g', { defaults: { retires: 2 } }, () => task('z', () => 1)); // errs
  group('h', ({ item }) => task('i', () => item)); // errs
});`,
  'a branch names its targets': `
dag('d', {}, () => {
  const rows = task('rows', () => 5);
  const small = task('small', () => 1);
  const big = group('big', () => task('t', () => 1));
  const chosen = branch('size', { to: { small, big }, in: { rows } }, ({ rows }) => (rows > 9 ? 'big' : 'small'));
  task('x', { in: { chosen }, triggerRule: 'none_failed' }, ({ chosen }) => expectType<readonly ('small' | 'big')[] | undefined>()(chosen));
  branch('several', { to: { small, big } }, () => ['small', 'big']);
  branch('none', { to: { small, big } }, async () => undefined);
  branch('unknown', { to: { small, big } }, () => 'medium'); // errs
  branch('list', { to: { small, big } }, async () => ['small', 'medium']); // errs
  branch('target', { to: { small: 'small' } }, () => 'small'); // errs
});`,
  'a switch has every case': `
dag('d', {}, () => {
  const rows = task('rows', () => 5);
  const [a, b, c] = [task('a', () => 1), task('b', () => 1), task('c', () => 1)];
  const sign = switchOn('sign', { in: { rows }, on: ({ rows }) => (rows > 0 ? 'plus' : rows < 0 ? 'minus' : 'zero'), cases: { plus: a, minus: b, zero: [c] } });
  task('x', { in: { sign } }, ({ sign }) => expectType<'plus' | 'minus' | 'zero'>()(sign));
  task('y', { in: { sign } }, ({ sign }) => sign === 'none'); // errs
  switchOn('bool', { in: { rows }, on: ({ rows }) => rows > 0, cases: { true: a, false: b } });
  switchOn('missing', { in: { rows }, on: ({ rows }) => rows > 0, cases: { true: a } }); // errs
  switchOn('numbers', { in: { rows }, on: async ({ rows }) => (rows > 9 ? 1 : 2), cases: { 1: a, 2: [b, c] } });
  switchOn('less', { on: () => 'x' as 'x' | 'y', cases: { x: a } }); // errs
  switchOn('open', { on: () => String(Math.random()), cases: { x: a } }); // errs
  switchOn('body', { in: { rows }, on: ({ rows }) => (rows.length ? 'x' : 'y'), cases: { x: a, y: b } }); // errs
});`,
  'what comes after a short circuit sees a true answer': `
dag('d', {}, () => {
  const file = shortCircuit('file', { skips: 'direct' }, () => undefined as { name: string } | undefined);
  task('x', { in: { file } }, ({ file }) => file.name);
  const yes = shortCircuit('yes', {}, async () => Math.random() > 0.5);
  task('y', { in: { yes } }, ({ yes }) => expectType<true>()(yes));
  task('z', { in: { file } }, ({ file }) => file.size); // errs
  shortCircuit('no', { skips: 'some' }, () => true); // errs
  latestOnly('latest', { after: file });
  latestOnly('late', { in: { file } }); // errs
});`,
  'setups and teardowns know each other': `
dag('d', {}, () => {
  const cluster = setup('create', () => ({ id: 'c1' }));
  const work = task('work', { in: { cluster } }, ({ cluster }) => cluster.id.length);
  const drop = teardown('drop', { in: { cluster, work }, failsRun: true }, ({ cluster, work }) => {
    expectType<{ id: string }>()(cluster);
    return work.toFixed(); // errs
  });
  teardown('of', { of: work }, () => 1); // errs
  teardown('rule', { of: cluster, triggerRule: 'all_success' }, () => 1); // errs
  const made = using(cluster, drop, () => task('between', () => 5));
  task('x', { in: { made } }, ({ made }) => made.toFixed());
  using(work, drop, () => 1); // errs
});`,
  'the state of a loop has one type': `
dag('d', { params: z.object({ from: z.number().default(0) }) }, ({ params }) => {
  const pages = loop('pages', { initial: { cursor: 0 }, max: 100 }, ({ state, iteration }) => {
    const page = task('page', { in: { state, cursor: state.cursor, iteration } }, ({ state, cursor, iteration }) => {
      expectType<{ cursor: number }>()(state);
      return { next: cursor + iteration, rows: 5 };
    });
    return task('more', { in: { page } }, ({ page }) => (page.next > 9 ? done({ rows: page.rows }) : again({ cursor: page.next })));
  });
  task('x', { in: { pages } }, ({ pages }) => expectType<{ rows: number }>()(pages));
  task('y', { in: { pages } }, ({ pages }) => pages.cursor); // errs
  loop('count', { initial: params.from, max: 3 }, ({ state }) => task('gate', { in: { state } }, ({ state }) => (state > 2 ? done() : again(state + 1))));
  loop('wrong', { initial: 0, max: 3 }, () => task('gate', () => again('one'))); // errs
  loop('plain', { initial: 0, max: 3 }, () => task('gate', () => 5)); // errs
  loop('member', { initial: { n: 0 }, max: 3 }, ({ state }) => task('gate', { in: { m: state.m } }, () => done())); // errs
});`,
  'a sensor has what it found': `
dag('d', {}, ({ interval }) => {
  const file = sensor('file', { every: '30s', timeout: '2 hours', mode: 'poke', softFail: true }, async () => undefined as { path: string } | undefined);
  task('x', { in: { file } }, ({ file }) => file.path);
  const seen = sensor('seen', { mode: 'deferred' }, async ({ wait }) => (await wait.asset('a')).asset);
  task('y', { in: { seen } }, ({ seen }) => seen.length);
  sensor('mode', { mode: 'sleep' }, () => true); // errs
  sensor('every', { every: 30 }, () => true); // errs
  const run = waitForRun('run', { dag: 'other', task: 'load', before: '1 day', failOn: ['failed'], timeout: '3 hours' });
  task('z', { in: { run } }, ({ run }) => run.length);
  waitForRun('state', { dag: 'other', states: ['succeeded'] }); // errs
  const event = waitForAsset('event', asset('orders'), { partition: interval.day });
  task('e', { in: { event } }, ({ event }) => expectType<AssetEvent>()(event));
  waitForAsset('name', 'orders'); // errs
  waitUntil('six', { at: interval.end, plus: '6 hours' });
  waitUntil('day', { at: interval.day }); // errs
  waitUntil('hours', { at: interval.end, plus: 6 }); // errs
});`,
  'answers of people are typed': `
dag('d', {}, ({ interval }) => {
  const report = task('report', () => ({ text: 'x' }));
  const answer = input('discount', { subject: text\`For \${interval.day}\`, schema: z.object({ percent: z.number() }), default: { percent: 5 }, assignees: ['ada'], timeout: '2 days' });
  task('x', { in: { answer } }, ({ answer }) => answer.percent.toFixed());
  task('y', { in: { answer } }, ({ answer }) => answer.amount); // errs
  input('default', { subject: 'x', schema: z.object({ percent: z.number() }), default: { percent: '5' } }); // errs
  const ok = approval('ok', { subject: 'Publish?', after: report, onReject: 'fail', onTimeout: 'skip' });
  task('z', { in: { ok } }, ({ ok }) => expectType<true>()(ok.approved));
  approval('no', { body: 'x' }); // errs
});`,
  'a triggered run has the params of its DAG': `
const report = dag('report', { params: z.object({ day: z.string(), limit: z.number().default(5) }) }, () => task('t', () => 1));
const bare: DagDefinition = report;
dag('d', {}, ({ interval }) => {
  const rows = task('rows', () => 5);
  const started = triggerDag('a', { dag: report, params: { day: interval.day }, wait: true });
  task('x', { in: { started } }, ({ started }) => started.length);
  triggerDag('b', { dag: report, in: { rows }, params: ({ rows }) => ({ day: 'x', limit: rows }), wait: { timeout: '1 hour', onTimeout: 'continue' } });
  triggerDag('c', { dag: report, params: { day: 5 } }); // errs
  triggerDag('d', { dag: report }); // errs
  triggerDag('e', { dag: report, params: { day: interval.start } }); // errs
  triggerDag('f', { dag: 'elsewhere', params: { anything: interval.day } });
  triggerDag('g', { dag: 'elsewhere' });
  triggerDag('h', { dag: report, in: { rows }, params: ({ rows }) => ({ day: rows }) }); // errs
  return bare;
});`,
  'only outlets can be emitted, with their metadata': `
const orders = asset('orders', { uri: 's3://lake/orders', partitions: partitions.statics('eu', 'us'), metadata: z.object({ rows: z.number() }) });
const other = asset('other');
dag('d', { schedule: orders.mapped(partitions.only('eu')) }, () => {
  task('a', { outlets: [orders, other], inlets: [other] }, ({ emit }) => {
    emit(orders, { extra: { rows: 5 }, partition: 'eu' });
    emit(other);
    emit(other, { extra: { whatever: 1 } });
    emit(orders, { extra: { rows: 'five' } }); // errs
    emit(orders); // errs
    emit(orders, { extra: { rows: 5 }, partition: 'asia' }); // errs
  });
  task('b', { outlets: [other] }, ({ emit }) => emit(orders, { extra: { rows: 1 } })); // errs
  task('c', ({ emit }) => emit(other)); // errs
  task('d', { outlets: ['orders'] }, () => 1); // errs
});
asset('x', { metadata: 5 }); // errs`,
  'schedules are schedules, assets, conditions or text': `
const [a, b] = [asset('a'), asset('b', { partitions: partitions.daily() })];
const build = () => task('t', () => 1);
dag('d', { schedule: '@daily', start: '2026-01-01' }, build);
dag('d', { schedule: a }, build);
dag('d', { schedule: all(a, any(a, b.mapped(partitions.rollup('week')))) }, build);
dag('d', { schedule: onAssets(a) }, build);
dag('d', { schedule: assetsAndTime(a, crons(['0 6 * * *', '0 18 * * *'])), start: '2026-01-01' }, build);
dag('d', { schedule: assetsOrTime(a, cron('0 0 6 * * *', { jitter: '5 minutes' })), start: '2026-01-01' }, build);
dag('d', { schedule: intervals('1 month', { timezone: 'Europe/Berlin' }), start: '2026-01-01', overlap: 'buffer-one' }, build);
dag('d', { schedule: every('15 minutes', { interval: '1 hour' }), start: '2026-01-01' }, build);
dag('d', { schedule: once(), start: '2026-01-01' }, build);
dag('d', { schedule: continuous() }, build);
dag('d', { schedule: events(['2026-03-08', new Date(0)], { restrict: true }) }, build);
dag('d', { schedule: timetable('next', ({ last, earliest }) => (last === undefined ? { start: earliest, end: earliest + 1 } : undefined)) }, build);
dag('d', { schedule: timetable('text', () => 'tomorrow') }, build); // errs
dag('d', { schedule: assetsAndTime(a, b) }, build); // errs
dag('d', { schedule: assetsAndTime(a, onAssets(b)) }, build); // errs
dag('d', { schedule: 5 }, build); // errs
dag('d', { overlap: 'wait' }, build); // errs
intervals('1 fortnight'); // errs
all(a, 'b'); // errs
b.mapped(partitions.rollup('decade')); // errs`,
  'notices, deadlines and limits': `
dag('d', {
  onFailure: [notify.webhook('alerts'), notify.email({ to: 'ada@example.org' })],
  onSuccess: notify.run('tell', (notice) => notice.event),
  deadlines: [deadline('by_six', { from: 'interval_end', within: '6 hours', notify: notify.webhook('alerts') })],
  runRetries: { max: 1, from: 'start' }, runOutcome: 'any-failed', runTimeout: '6 hours', allowedRunTypes: ['manual'],
  defaults: { onRetry: notify.webhook('w'), weightRule: 'absolute' },
}, ({ run }) => {
  task('a', { limits: { maxActive: 1, rate: [{ key: text\`crm/\${run.id}\`, limit: 10, per: '1 minute' }], concurrency: [{ key: 'crm', limit: 2 }] }, dependsOnPast: true }, () => 1);
  task('b', { limits: { rate: [{ key: 'crm', limit: 10 }] } }, () => 1); // errs
  task('c', { onFailure: 'ada@example.org' }, () => 1); // errs
  task('d', { weightRule: 'sideways' }, () => 1); // errs
});
deadline('both', { from: 'run_queued', within: '1 hour', before: '1 hour', notify: notify.webhook('a') }); // errs
deadline('from', { from: 'never', within: '1 hour', notify: notify.webhook('a') }); // errs
dag('e', { allowedRunTypes: ['automatic'] }, () => 1); // errs
dag('f', { onFailure: () => 1 }, () => 1); // errs`,
};

const LAX: ts.CompilerOptions = { ...OUR_OPTIONS, exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false };
let earlier: ts.Program | undefined;

describe.each([
  ['our own', OUR_OPTIONS],
  ['plain strict', LAX],
] as const)('a wrong wire is a compile error, under %s compiler options', (_name, options) => {
  const { program, mismatches } = compileMarked({ head: HEAD, snippets: SNIPPETS, folder: FOLDER }, options, earlier);
  earlier = program;

  test.each(Object.keys(SNIPPETS))('%s', (name) => expect(mismatches.get(name)).toEqual({ unexpected: [], missed: [] }));

  test('the SDK itself has no errors', () => {
    const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(FOLDER) && !fileName.includes('/snippet-'));
    expect(own.length).toBeGreaterThan(10);
    expect(own.flatMap(({ fileName }) => messagesIn(program, fileName))).toEqual([]);
    expect([...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics()]).toEqual([]);
  });
});
