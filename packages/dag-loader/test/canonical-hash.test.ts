/** A graph's hash changes with the graph, and with nothing else. */
import { noMetrics, silentLog } from '@headrace/ports';
import { describe, expect, test } from '@jest/globals';
import { createDagLoader, listDagFiles } from '../src/index.ts';
import { asLoaded, dagFolder, goodDag } from './dag-folder.ts';

const EVERYTHING = `
import { again, all, any, approval, asset, assetsOrTime, branch, chain, cron, dag, deadline, done, group, input, latestOnly, loop, notify,
  partitions, product, sensor, setup, shortCircuit, switchOn, task, teardown, text, timetable, triggerDag, using, waitForAsset, waitForRun, waitUntil,
} from '@headrace/sdk';
import { z } from 'zod';

const shops = asset('shops', { partitions: partitions.daily({ timezone: 'Europe/Berlin' }), freshness: { within: '1 day', notify: notify.run('late', () => 1) } });
const own = timetable('own', ({ last, earliest }) => ({ start: last?.end ?? earliest, end: (last?.end ?? earliest) + 3_600_000 }));

export default dag('everything', {
  schedule: assetsOrTime(all(shops.mapped(partitions.rollup('week')), any(asset('a'), asset('b'))), own),
  params: z.object({ tenant: z.string().default('x') }),
  overlap: 'buffer-one', runTimeout: '1 day', runRetries: 1, runOutcome: 'any-failed', maxConsecutiveFailedRuns: 3,
  partitions: partitions.product({ day: partitions.daily(), region: partitions.statics('eu', 'us') }), allowedRunTypes: ['manual', 'scheduled'],
  onFailure: [notify.webhook('alerts'), notify.email({ to: 'ada@example.org' })],
  deadlines: [deadline('six', { from: 'interval_end', within: '6 hours', notify: notify.webhook('alerts') }), deadline('mean', { from: { averageRuntime: {} }, within: '1h', notify: notify.webhook('alerts') })],
}, ({ params, interval }) => {
  const list = task('list', { outlets: [shops], inlets: [asset('source')] }, () => [{ name: 'ulm' }]);
  const each = task('each', { each: product({ shop: list, n: [1, 2] }), label: '{shop.name}' }, ({ shop, n }) => shop.name.length + n);
  const g = group('g', { each: list, doc: 'x', retries: 1 }, ({ item }) => task('inner', { in: { item } }, ({ item }) => item.name));
  const outer = group('outer', { retries: { max: 1, delay: '1m' } }, () => ({ in: group('in', () => task('t', () => 1)) }));
  const [x, y] = [task('x', { limits: { rate: [{ key: text\`crm/\${params.tenant}\`, limit: 1, per: '1s' }], maxActive: 1 } }, () => 1), task('y', { dependsOnPast: true, weightRule: 'upstream' }, () => 1)];
  branch('pick', { to: { x, y }, in: { each } }, ({ each }) => (each.length > 1 ? 'x' : 'y'));
  switchOn('sign', { in: { x }, on: ({ x }) => x > 0, cases: { true: outer, false: g } });
  chain(shortCircuit('stop', { skips: 'direct', after: y }, () => true), latestOnly('latest'), task('newest', () => 1));
  const total = loop('pages', { initial: { n: 0 }, max: 9 }, ({ state }) => task('gate', { in: { n: state.n } }, ({ n }) => (n > 3 ? done(n) : again({ n: n + 1 }))));
  const made = setup('make', () => 'c1');
  using(made, teardown('drop', { in: { made }, failsRun: true }, () => 1), () => task('between', { in: { total } }, ({ total }) => total));
  sensor('file', { mode: 'reschedule', softFail: true }, () => true);
  waitForRun('run', { dag: 'other', task: 'load' });
  waitForAsset('asset', asset('a'));
  waitUntil('later', { at: interval.end, plus: '1h' });
  const ok = approval('ok', { subject: text\`Publish \${interval.day}?\` });
  input('form', { subject: 'x', schema: z.object({ n: z.number() }) });
  triggerDag('start', { dag: 'other', params: { day: interval.day }, wait: true });
  chain([list, x], [ok, y]);
});
`;

describe('a file with every construct', () => {
  test('is loaded, sound for the core, and the same in another folder and whatever stands around it', async () => {
    await using one = await dagFolder({ 'a.ts': EVERYTHING });
    await using other = await dagFolder({ 'z/b.ts': `// A comment.\n\n${EVERYTHING}`, 'a.ts': goodDag('a') });
    const [first] = asLoaded(await one.loader().loadFile('a.ts')).dags;
    const [second] = asLoaded(await other.loader().loadFile('z/b.ts')).dags;
    expect(first?.spec.tasks).toHaveLength(22);
    expect(second?.graphHash).toBe(first?.graphHash);
    expect(first?.spec.tasks.map(({ taskId, source }) => [taskId, source?.file])).toEqual(
      first?.spec.tasks.map(({ taskId }) => [taskId, 'a.ts']),
    );
  });

  test.each([
    [
      'the order of tasks',
      "  waitForAsset('asset', asset('a'));\n",
      '',
      "  sensor('file'",
      "  waitForAsset('asset', asset('a'));\n  sensor('file'",
      true,
    ],
    ['the order of options', "overlap: 'buffer-one', runTimeout: '1 day',", "runTimeout: '1 day', overlap: 'buffer-one',", '', '', true],
    [
      'the order of targets',
      "[notify.webhook('alerts'), notify.email({ to: 'ada@example.org' })]",
      "[notify.email({ to: 'ada@example.org' }), notify.webhook('alerts')]",
      '',
      '',
      true,
    ],
    ['the order of assets', "any(asset('a'), asset('b'))", "any(asset('b'), asset('a'))", '', '', true],
    ["a function's body", '=> item.name)', '=> item.name + 1)', '', '', true],
    ['an item', 'n: [1, 2] }', 'n: [1, 2, 3] }', '', '', false],
    ['a limit', 'max: 9 }', 'max: 10 }', '', '', false],
    ['a target', 'false: g }', 'false: y }', '', '', false],
    ['a deadline', "within: '6 hours'", "within: '7 hours'", '', '', false],
  ])('%s', async (_what, from, to, also, into, same) => {
    const changed = EVERYTHING.replace(from, to).replace(also, into);
    expect(changed).not.toBe(EVERYTHING);
    await using folder = await dagFolder({ 'a.ts': EVERYTHING, 'b.ts': changed });
    const loader = folder.loader();
    const hash = async (file: string) => asLoaded(await loader.loadFile(file)).dags[0]?.graphHash;
    expect((await hash('b.ts')) === (await hash('a.ts'))).toBe(same);
  });
});

test('a plain DAG has the hash that it had before there were other constructs', async () => {
  await using folder = await dagFolder({
    'plain.ts': `import { cron, dag, task } from '@headrace/sdk';
export default dag('plain', { schedule: cron('@daily'), start: '2026-01-01' }, () => {
  const a = task('a', {}, () => 1);
  task('b', { in: { a } }, ({ a }) => a + 1);
});`,
  });
  const [plain] = asLoaded(await folder.loader().loadFile('plain.ts')).dags;
  expect(plain?.graphHash).toBe('223e676cca1f889c8c1f47136947adbb80836aeb354b3e13257600d1d93422ee');
});

test('the DAGs that are shipped have the same hashes, however often and in whatever order they are read', async () => {
  const dagsDir = new URL('../../../dags', import.meta.url).pathname;
  const files = await listDagFiles(dagsDir);
  const hashes = async (order: readonly string[]) => {
    await using folder = await dagFolder();
    const loader = createDagLoader({ dagsDir, cacheDir: folder.cacheDir, log: silentLog, metrics: noMetrics });
    const found: [string, string][] = [];
    for (const file of order)
      for (const { spec, graphHash } of asLoaded(await loader.loadFile(file)).dags) found.push([spec.dagId, graphHash]);
    await loader.close();
    return found.sort();
  };
  const first = await hashes(files);
  expect(first.length).toBeGreaterThanOrEqual(2);
  expect(await hashes(files.toReversed())).toEqual(first);
}, 60_000);
