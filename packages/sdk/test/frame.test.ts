/** Schedules, assets, partitions, limits, notices and deadlines in canonical form. */
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  all,
  any,
  asset,
  assetsAndTime,
  assetsOrTime,
  continuous,
  cron,
  crons,
  type DagOptions,
  dag,
  deadline,
  events,
  every,
  type GivenSchedule,
  interval,
  manual,
  notify,
  onAssets,
  once,
  partitions,
  type TaskContext,
  task,
  text,
  timetable,
} from '../src/index.ts';

const noop = () => 1;
/** For what the compiler refuses anyway. */
const wrong = (value: unknown): never => value as never;
const build = () => task('t', noop);
const specOf = (options: DagOptions<undefined>) => dag('d', { start: '2026-01-01', ...options }, build).toSpec();
const DAY = 86_400_000;

describe('a schedule', () => {
  const [a, b] = [asset('a'), asset('b', { partitions: partitions.daily({ timezone: 'Europe/Berlin', start: '2026-01-01' }) })];
  const A = { kind: 'asset', name: 'a' };
  const B = { kind: 'asset', name: 'b' };
  const berlin = { timezone: 'Europe/Berlin' };
  const daily = { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' };

  const cases: readonly (readonly [string, GivenSchedule, unknown])[] = [
    ['nothing', null, { kind: 'manual' }],
    ['manual', manual(), { kind: 'manual' }],
    ['text', '@daily', daily],
    ['text of once', '@once', { kind: 'once' }],
    ['text of continuous', '@continuous', { kind: 'continuous' }],
    [
      'seconds',
      cron('30 0 6  * * *', { interval: 'trigger', jitter: '5m' }),
      { kind: 'cron', expression: '30 0 6 * * *', timezone: 'UTC', interval: 'trigger', jitterMs: 300_000 },
    ],
    [
      'crons',
      crons(['0 18 * * *', '0 6 * * *', '0 6 * * *'], berlin),
      { kind: 'crons', expressions: ['0 18 * * *', '0 6 * * *'], ...berlin, interval: 'trigger' },
    ],
    ['a day of a calendar', interval('1 day', berlin), { kind: 'interval', every: { unit: 'day', count: 1, ...berlin } }],
    ['weeks of a calendar', interval('2 weeks', berlin), { kind: 'interval', every: { unit: 'day', count: 14, ...berlin } }],
    ['a day of hours', interval('1 day'), { kind: 'interval', every: { unit: 'ms', count: DAY } }],
    ['a month', interval('1 month'), { kind: 'interval', every: { unit: 'month', count: 1, timezone: 'UTC' } }],
    ['years', every('2 years', berlin), { kind: 'delta', every: { unit: 'month', count: 24, ...berlin }, interval: 'trigger' }],
    [
      'minutes',
      every('15 minutes', { interval: '1 hour' }),
      { kind: 'delta', every: { unit: 'ms', count: 900_000 }, interval: { lengthMs: 3_600_000 } },
    ],
    ['once', once(), { kind: 'once' }],
    ['continuous', continuous(), { kind: 'continuous' }],
    [
      'moments',
      events(['2026-03-01T06:00', new Date(0), '1970-01-01T00:00Z'], { ...berlin, restrict: true, description: 'Two' }),
      { kind: 'events', at: [0, Date.UTC(2026, 2, 1, 5)], restrict: true, description: 'Two' },
    ],
    ['an own function', timetable('own', () => undefined), { kind: 'custom', name: 'own' }],
    ['an asset', a, { kind: 'assets', when: A }],
    ['a condition', all(b, any(b, a), all(a)), { kind: 'assets', when: { kind: 'all', of: [{ kind: 'any', of: [A, B] }, A, B] } }],
    ['one of one', onAssets(any(all(a))), { kind: 'assets', when: A }],
    [
      'a mapped asset',
      b.mapped(partitions.rollup('month')),
      { kind: 'assets', when: { ...B, mapping: { kind: 'rollup', unit: 'month' } } },
    ],
    ['assets and time', assetsAndTime(a, cron('@daily')), { kind: 'assets_and_time', when: A, time: daily }],
    [
      'assets or time',
      assetsOrTime(any(a, b), once()),
      { kind: 'assets_or_time', when: { kind: 'any', of: [A, B] }, time: { kind: 'once' } },
    ],
  ];

  test.each(cases)('by %s', (_name, schedule, spec) => {
    const made = specOf({ schedule });
    expect(made.schedule).toEqual(spec);
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });

  test('brings its functions and assets along', () => {
    const next = () => undefined;
    const made = dag('d', { schedule: assetsOrTime(all(a, b), timetable('own', next)) }, build);
    expect(made.timetables?.get('own')).toBe(next);
    expect(made.toSpec().assets).toEqual([
      { name: 'a' },
      { name: 'b', partitions: { kind: 'time', every: 'day', ...berlin, startAt: Date.parse('2025-12-31T23:00Z') } },
    ]);
  });

  test('of a calendar says in which zone dates are', () => {
    expect(specOf({ schedule: interval('1 day', berlin) }).startAt).toBe(Date.parse('2025-12-31T23:00Z'));
    expect(specOf({ schedule: assetsAndTime(a, crons(['@daily'], berlin)) }).startAt).toBe(Date.parse('2025-12-31T23:00Z'));
  });

  test('without end has one run at a time', () => {
    expect(specOf({ schedule: continuous() }).maxActiveRuns).toBe(1);
  });
});

describe('partitions', () => {
  test.each([
    [partitions.hourly(), { kind: 'time', every: 'hour', timezone: 'UTC' }],
    [partitions.weekly({ timezone: 'Asia/Tokyo' }), { kind: 'time', every: 'week', timezone: 'Asia/Tokyo' }],
    [partitions.monthly(), { kind: 'time', every: 'month', timezone: 'UTC' }],
    [partitions.quarterly(), { kind: 'time', every: 'quarter', timezone: 'UTC' }],
    [partitions.yearly(), { kind: 'time', every: 'year', timezone: 'UTC' }],
    [partitions.statics('us', 'eu', 'us'), { kind: 'static', keys: ['eu', 'us'] }],
    [partitions.dynamics(), { kind: 'dynamic' }],
    [
      partitions.product({ region: partitions.statics('eu'), day: partitions.daily() }),
      { kind: 'product', dimensions: { day: { kind: 'time', every: 'day', timezone: 'UTC' }, region: { kind: 'static', keys: ['eu'] } } },
    ],
  ])('%j', (made, spec) => {
    expect(specOf({ partitions: made }).partitions).toEqual(spec);
  });

  test.each([
    [partitions.to('month'), { kind: 'to_unit', unit: 'month' }],
    [partitions.rollup('week'), { kind: 'rollup', unit: 'week' }],
    [partitions.only('b', 'a'), { kind: 'allowed', keys: ['a', 'b'] }],
    [partitions.shift(-1), { kind: 'offset', by: -1 }],
  ])('mapped by %j', (made, spec) => expect(made).toEqual(spec));

  test('go with a schedule by cron', () => {
    const schedule = cron('@daily', { partitioned: true });
    expect(specOf({ schedule, partitions: partitions.daily() }).schedule).toMatchObject({ partitioned: true });
    expect(() => specOf({ schedule })).toThrow(expect.objectContaining({ code: 'HR_BAD_SCHEDULE' }));
  });
});

describe('assets', () => {
  const late = () => undefined;
  const orders = asset('orders', {
    uri: 's3://lake/orders',
    group: 'shop',
    extra: { owner: 'ada' },
    freshness: { within: '1 day', notify: [notify.webhook('alerts'), notify.run('late', late)] },
    metadata: z.object({ rows: z.number() }),
  });

  test('are named by tasks and described by the DAG, once', () => {
    const made = dag('d', {}, () => {
      task('make', { outlets: [orders, asset('copy')], inlets: [asset('source'), asset('source')] }, noop);
      task('read', { inlets: [asset('orders')] }, noop);
    });
    const spec = made.toSpec();
    expect(spec.tasks).toMatchObject([{ outlets: ['copy', 'orders'], inlets: ['source'] }, { inlets: ['orders'] }]);
    expect(spec.assets).toEqual([
      { name: 'copy' },
      {
        name: 'orders',
        uri: 's3://lake/orders',
        group: 'shop',
        extra: { owner: 'ada' },
        freshness: {
          withinMs: DAY,
          notify: [
            { kind: 'code', hook: 'late' },
            { kind: 'webhook', connection: 'alerts' },
          ],
        },
      },
      { name: 'source' },
    ]);
    expect(made.hooks?.get('late')).toBe(late);
  });

  test('have their metadata checked where they are emitted', async () => {
    const said: unknown[][] = [];
    const made = dag('d', {}, () => {
      task('make', { outlets: [orders, asset('copy')] }, ({ emit, params }) => {
        emit(orders, { extra: wrong(params) });
        emit(wrong({ name: 'copy' }), wrong({ partition: 'x' }));
      });
    });
    const run = (params: unknown) =>
      made.tasks
        .get('make')
        ?.run?.({ params, emit: (...given: unknown[]) => said.push(given) } as unknown as TaskContext & Record<string, unknown>);
    await run({ rows: 5 });
    expect(said).toEqual([
      ['orders', { extra: { rows: 5 } }],
      ['copy', { partition: 'x' }],
    ]);
    expect(() => run({ rows: 'five' })).toThrow(expect.objectContaining({ name: 'MetadataError', code: 'HR_BAD_METADATA' }));
  });
});

describe('what is unusual is in the spec, and nothing else', () => {
  test('of a task', () => {
    const spec = dag('d', { defaults: { weightRule: 'downstream', limits: {}, dependsOnPast: false } }, ({ params }) => {
      task('plain', noop);
      task(
        'full',
        {
          weightRule: 'absolute',
          waitForDownstream: true,
          limits: {
            maxActive: 3,
            maxActivePerRun: 1,
            concurrency: [
              { key: 'z', limit: 2 },
              { key: text`crm/${(params as unknown as { tenant: never }).tenant}`, limit: 1 },
            ],
            rate: [{ key: 'crm', limit: 100, per: '1 minute', burst: 10 }],
          },
          onFailure: [notify.webhook('alerts'), notify.email({ to: ['b@x.de', 'a@x.de'] })],
          onRetry: notify.webhook('alerts'),
          onSkipped: notify.run('tell', noop),
        },
        noop,
      );
    }).toSpec();
    const [full, plain] = spec.tasks;
    expect(Object.keys(plain ?? {}).sort()).toEqual(
      [
        'taskId',
        'kind',
        'upstream',
        'triggerRule',
        'retries',
        'executionTimeoutMs',
        'queue',
        'pool',
        'poolSlots',
        'priorityWeight',
        'inputs',
        'connections',
      ].sort(),
    );
    expect(full).toMatchObject({
      weightRule: 'absolute',
      dependsOnPast: true,
      waitForDownstream: true,
      limits: {
        maxActive: 3,
        maxActivePerRun: 1,
        concurrency: [
          { key: 'crm/{params.tenant}', limit: 1 },
          { key: 'z', limit: 2 },
        ],
        rate: [{ key: 'crm', tokens: 100, perMs: 60_000, burst: 10 }],
      },
      notices: [
        { on: ['skipped'], via: { kind: 'code', hook: 'tell' } },
        { on: ['failure'], via: { kind: 'email', connection: 'smtp', to: ['a@x.de', 'b@x.de'] } },
        { on: ['failure', 'retry'], via: { kind: 'webhook', connection: 'alerts' } },
      ],
    });
  });

  test('of a DAG', () => {
    const usual = specOf({ overlap: 'allow', runOutcome: 'leaves', runRetries: 0, deadlines: [] });
    expect(Object.keys(usual).sort()).toEqual(
      [
        'formatVersion',
        'dagId',
        'tags',
        'owners',
        'schedule',
        'startAt',
        'catchup',
        'maxActiveRuns',
        'maxActiveTasks',
        'pausedUponCreation',
        'paramsDefault',
        'tasks',
      ].sort(),
    );
    expect(
      specOf({
        overlap: 'cancel-other',
        runOutcome: 'any-failed',
        runRetries: { max: 2, delay: '1m', from: 'start' },
        runTimeout: '6 hours',
        maxConsecutiveFailedRuns: 5,
        allowedRunTypes: ['scheduled', 'manual', 'manual'],
        onSuccess: notify.webhook('done'),
        onFailure: notify.webhook('alerts'),
        deadlines: [
          deadline('mean', {
            from: { averageRuntime: { maxRuns: 5 } },
            within: '1 hour',
            notify: notify.webhook('alerts'),
            predict: false,
          }),
          deadline('by_six', { from: 'interval_end', before: '1 hour', notify: notify.webhook('alerts') }),
          deadline('fixed', { from: { at: '2026-12-24T18:00' }, within: '0s', notify: notify.webhook('alerts') }),
        ],
      }),
    ).toMatchObject({
      overlap: 'cancel_other',
      runOutcome: 'any_failed',
      runRetries: { max: 2, delayMs: 60_000, from: 'start' },
      runTimeoutMs: 21_600_000,
      maxConsecutiveFailedRuns: 5,
      allowedRunTypes: ['manual', 'scheduled'],
      notices: [
        { on: ['failure'], via: { kind: 'webhook', connection: 'alerts' } },
        { on: ['success'], via: { kind: 'webhook', connection: 'done' } },
      ],
      deadlines: [
        { name: 'by_six', from: { kind: 'interval_end' }, withinMs: -3_600_000, predict: true },
        { name: 'fixed', from: { kind: 'fixed', at: Date.UTC(2026, 11, 24, 18) }, withinMs: 0 },
        { name: 'mean', from: { kind: 'average_runtime', maxRuns: 5, minRuns: 5 }, withinMs: 3_600_000, predict: false },
      ],
    });
  });
});

describe('what cannot be is refused, where it is written', () => {
  const webhook = notify.webhook('w');
  const cases: readonly (readonly [string, string, () => unknown])[] = [
    ['a cron of three fields', 'HR_BAD_SCHEDULE', () => crons(['* * *'])],
    ['no expression', 'HR_BAD_SCHEDULE', () => crons([])],
    ['no moment', 'HR_BAD_SCHEDULE', () => events([])],
    ['a step of nothing', 'HR_BAD_DURATION', () => every('0 days', { timezone: 'UTC' })],
    ['a step of no time', 'HR_BAD_DURATION', () => interval('0s')],
    ['a step in no zone', 'HR_BAD_SCHEDULE', () => interval('1 day', { timezone: 'Mars/Olympus' })],
    ['a timetable without function', 'HR_BAD_SCHEDULE', () => timetable('x', wrong(5))],
    ['an interval without start', 'HR_BAD_SCHEDULE', () => dag('d', { schedule: interval('1 day') }, build)],
    ['a time that is an asset', 'HR_BAD_SCHEDULE', () => assetsAndTime(asset('a'), wrong(onAssets(asset('b'))))],
    ['a schedule that is a number', 'HR_BAD_SCHEDULE', () => dag('d', { schedule: wrong(5) }, build)],
    ['two runs at once without end', 'HR_BAD_OPTION', () => dag('d', { schedule: continuous(), maxActiveRuns: 2 }, build)],
    ['an unknown overlap', 'HR_BAD_OPTION', () => dag('d', { overlap: wrong('wait') }, build)],
    ['a run type of its own', 'HR_BAD_OPTION', () => dag('d', { allowedRunTypes: [wrong('nightly')] }, build)],
    ['an asset without a name', 'HR_BAD_ASSET', () => asset('')],
    ['a mapping without partitions', 'HR_BAD_ASSET', () => asset('a').mapped(partitions.to('day'))],
    ['no asset', 'HR_BAD_ASSET', () => all()],
    ['text among assets', 'HR_BAD_ASSET', () => any(wrong('a'))],
    ['a partition key with a bar', 'HR_BAD_ASSET', () => partitions.statics('a|b')],
    ['a product of one', 'HR_BAD_ASSET', () => partitions.product({ a: partitions.daily() })],
    [
      'two assets of one name',
      'HR_DUPLICATE_ASSET',
      () => dag('d', {}, () => task('t', { outlets: [asset('a', { uri: 'x' }), asset('a', { uri: 'y' })] }, noop)),
    ],
    [
      'two functions of one name',
      'HR_DUPLICATE_HOOK',
      () => dag('d', { onFailure: notify.run('a', () => 1), onSuccess: notify.run('a', () => 2) }, build),
    ],
    ['an address without @', 'HR_BAD_OPTION', () => notify.email({ to: 'ada' })],
    ['nobody to tell', 'HR_BAD_OPTION', () => task('t', { onFailure: wrong('ada') }, noop)],
    [
      'two deadlines of one name',
      'HR_BAD_OPTION',
      () => dag('d', { deadlines: [1, 2].map(() => deadline('a', { from: 'run_queued', within: '1h', notify: webhook })) }, build),
    ],
    ['a deadline for nobody', 'HR_BAD_OPTION', () => deadline('a', { from: 'run_queued', within: '1h', notify: [] })],
    [
      'a deadline before and after',
      'HR_BAD_OPTION',
      () => deadline('a', wrong({ from: 'run_queued', within: '1h', before: '1h', notify: webhook })),
    ],
    [
      'a key that is no param',
      'HR_BAD_OPTION',
      () => dag('d', {}, ({ run }) => task('t', { limits: { concurrency: [{ key: text`x/${run.id}`, limit: 1 }] } }, noop)),
    ],
    ['a rate in no time', 'HR_BAD_DURATION', () => task('t', { limits: { rate: [{ key: 'x', limit: 1, per: '0s' }] } }, noop)],
    ['a limit of none', 'HR_BAD_OPTION', () => task('t', { limits: { maxActive: 0 } }, noop)],
  ];

  test.each(cases)('%s is %s', (_what, code, define) => {
    expect(() => dag('d', {}, () => void define())).toThrow(expect.objectContaining({ name: 'DagDefinitionError', code }));
  });
});
