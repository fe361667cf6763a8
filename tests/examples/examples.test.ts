/** Every example does what its comments promise: each file's DAGs, simulated with their own functions. */
import { readdirSync, readFileSync } from 'node:fs';
import { asset, cron, type DagDefinition, dag, task } from '@headrace/sdk';
import { type SimulatedRun, type SimulateOptions, type SimulationControl, type SimulationResult, simulate } from '@headrace/testing';
import { describe, expect, test } from '@jest/globals';
import * as assets from '../../dags/examples/assets.ts';
import branching from '../../dags/examples/branching.ts';
import conditions from '../../dags/examples/conditions.ts';
import groups from '../../dags/examples/groups.ts';
import limits from '../../dags/examples/limits.ts';
import loop from '../../dags/examples/loop.ts';
import mappedGroup from '../../dags/examples/mapped_group.ts';
import mapping from '../../dags/examples/mapping.ts';
import * as overlap from '../../dags/examples/overlap.ts';
import * as partitions from '../../dags/examples/partitions.ts';
import past from '../../dags/examples/past.ts';
import setupTeardown from '../../dags/examples/setup_teardown.ts';
import * as timetables from '../../dags/examples/timetables.ts';
import triggerRules from '../../dags/examples/trigger_rules.ts';
import * as triggering from '../../dags/examples/triggering.ts';
import trouble from '../../dags/examples/trouble.ts';
import * as waiting from '../../dags/examples/waiting.ts';

const DAYS = { from: '2026-01-01', to: '2026-01-04', run: true } satisfies SimulateOptions;

/** Triggers a DAG at noon of the first day. */
function noon(dagId: string, request: Parameters<SimulationControl['trigger']>[1] = {}) {
  return { at: '2026-01-01T12:00Z', do: ({ trigger }: SimulationControl) => trigger(dagId, { runId: 'noon', ...request }) };
}

/** One run, made by hand. */
async function once(dag: DagDefinition, options: Partial<SimulateOptions> = {}, params: object = {}): Promise<SimulatedRun> {
  const result = await simulate(dag, { ...DAYS, actions: [noon(dag.dagId, { params: { ...params } })], ...options });
  return result.run('noon', dag.dagId);
}

function results(run: SimulatedRun, taskId: string): readonly unknown[] {
  return run.instances(taskId).map((instance) => instance.result);
}

function iso(dates: readonly (Date | undefined)[]): readonly (string | undefined)[] {
  return dates.map((date) => date?.toISOString().slice(0, 16));
}

const logicalDates = (result: SimulationResult, { dagId }: DagDefinition) => iso(result.runsOf(dagId).map((run) => run.logicalDate));

describe('assets.ts', () => {
  const prices = dag('prices', {}, () => {
    task('load', { outlets: [asset('shop/prices')] }, () => 'loaded');
  });

  test("DAGs run when their assets have events, and at four o'clock", async () => {
    const all = [...Object.values(assets), prices];
    const result = await simulate(all, {
      ...DAYS,
      actions: [noon('example_asset_producer'), { ...noon('prices'), at: '2026-01-02T12:00Z' }],
    });
    const [both] = result.runsOf('example_asset_consumer');
    expect(both?.runType).toBe('asset_triggered');
    expect(both?.task('join').result).toBe(2);
    expect(result.runsOf('example_asset_consumer')).toHaveLength(1);
    expect(iso(result.runsOf('example_asset_any').map((run) => run.startedAt))).toEqual(['2026-01-01T12:00', '2026-01-02T12:00']);
    // The second run waits for orders, which nobody makes any more.
    expect(result.runsOf('example_asset_and_time').map((run) => [run.status, ...iso([run.startedAt])])).toEqual([
      ['success', '2026-01-02T03:00'],
      ['queued', undefined],
    ]);
    expect(iso(result.runsOf('example_asset_or_time').map((run) => run.startedAt))).toEqual([
      '2026-01-02T03:00',
      '2026-01-02T12:00',
      '2026-01-03T03:00',
    ]);
  });
});

describe('branching.ts', () => {
  test('a run takes the way that its data say', async () => {
    const usual = await once(branching);
    expect(usual.statuses).toMatchObject({
      full_load: 'success',
      incremental_load: 'skipped',
      to_frankfurt: 'success',
      to_oregon: 'skipped',
    });
    expect(usual.task('loaded').result).toBe('full');
    const other = await once(branching, {}, { rows: 0, region: 'us' });
    expect(other.status).toBe('success');
    expect(other.task('loaded').result).toBe('incremental');
    expect(other.statuses).toMatchObject({ to_frankfurt: 'skipped', to_oregon: 'success', publish: 'skipped', tell_people: 'success' });
  });
});

describe('conditions.ts', () => {
  const tills = ['a', 'b', 'c'].map((name) => ({ path: `2026-01-01/${name}.csv`, bytes: 10, modifiedAt: new Date(0) }));
  const found = {
    till_files: { status: 'success', result: tills, duration: '30 minutes' },
    day_is_closed: { status: 'success', result: { closed_by: 'ada', baskets: 41 } },
  } as const;

  test('loads what has come, when the partner is done or has been waited for long enough', async () => {
    for (const partner of ['success', 'skipped'] as const) {
      const run = await once(conditions, { outcomes: { ...found, partner_is_done: partner } });
      expect(run.task('load').result).toEqual({ files: ['2026-01-01/a.csv', '2026-01-01/b.csv', '2026-01-01/c.csv'], baskets: 41 });
      expect(iso([run.task('load').startedAt])).toEqual(['2026-01-01T12:30']);
    }
  });

  test('loads nothing when what it needs does not come in time', async () => {
    const error = { code: 'HR_SENSOR_TIMEOUT', retryable: false };
    const run = await once(conditions, { outcomes: { ...found, till_files: { status: 'failed', error }, partner_is_done: 'success' } });
    expect(run.statuses).toMatchObject({ till_files: 'failed', load: 'upstream_failed' });
    expect(run.task('till_files').tries).toHaveLength(1);
  });

  test('is not simulated without being told what has come', async () => {
    await expect(once(conditions)).rejects.toThrow('waits for something outside of the simulation: give it an outcome');
  });
});

describe('groups.ts', () => {
  test('runs in the order of groups and chains, and a failed group anew as a whole', async () => {
    let failures = 3;
    const run = await once(groups, { outcomes: { 'load.swap': () => (failures-- > 0 ? 'failed' : undefined) } });
    expect(run.status).toBe('success');
    expect(run.task('load.swap').result).toBe('staged and swapped');
    expect([run.task('load.stage').attempt, run.task('load.swap').attempt, run.task('extract.stock').attempt]).toEqual([2, 4, 1]);
    const ends = ['begin', 'extract.tills.a', 'load.stage', 'load.swap', 'check', 'report'].map(
      (id) => run.task(id).endedAt?.getTime() ?? 0,
    );
    expect(ends).toEqual(ends.toSorted((a, b) => a - b));
  });
});

describe('limits.ts', () => {
  test('no more than two of the mapped instances run at once', async () => {
    const run = await once(limits, { duration: '10 seconds' });
    expect(results(run, 'fetch')).toEqual([10, 20, 30, 40, 50]);
    expect(run.task('urgent').result).toBe(5);
    const seconds = run.instances('fetch').map(({ startedAt }) => ((startedAt?.getTime() ?? 0) - (run.startedAt?.getTime() ?? 0)) / 1_000);
    expect(seconds).toEqual([10, 10, 20, 20, 30]);
  });
});

describe('loop.ts', () => {
  test('passes its state from page to page until there is no more', async () => {
    const run = await once(loop);
    expect(results(run, 'pages.fetch')).toEqual([
      { count: 40, more: true },
      { count: 40, more: true },
      { count: 7, more: false },
    ]);
    expect(results(run, 'pages.next')).toEqual([{ cursor: 1, rows: 40 }, { cursor: 2, rows: 80 }, 87]);
    expect(run.statuses).toMatchObject({ report: 'success' });
  });
});

describe('mapped_group.ts', () => {
  test('runs the group for each shop, and sums up what came of it', async () => {
    const run = await once(mappedGroup);
    expect(results(run, 'shop.revenue')).toEqual([
      { shop: 'berlin', revenue: 1_200 },
      { shop: 'hamburg', revenue: 1_400 },
      { shop: 'munich', revenue: 1_200 },
    ]);
    expect(run.task('total').result).toBe(3_800);
  });
});

describe('mapping.ts', () => {
  test('makes an instance for each item, combination or pair', async () => {
    const run = await once(mapping);
    expect([results(run, 'add_one'), run.task('sum').result]).toEqual([[2, 3, 4], 9]);
    expect(results(run, 'size_of')).toEqual([
      { path: 'sales/2026/a.csv', bytes: 10 },
      { path: 'sales/2026/b.csv', bytes: 10 },
    ]);
    expect(results(run, 'check')).toEqual([true, true]);
    expect(results(run, 'price')).toEqual(['berlin-1', 'berlin-2', 'berlin-3', 'hamburg-1', 'hamburg-2', 'hamburg-3']);
    expect(results(run, 'pair')).toEqual([{ a: 0.2 }, { b: 0.8 }]);
    expect([run.task('for_none').status, run.task('after_nothing').result]).toEqual(['skipped', 'goes on']);
  });
});

describe('overlap.ts', () => {
  const STOPPED = [
    'failed 00:30 00:30 01:00',
    'failed 01:00 01:00 01:30',
    'failed 01:30 01:30 02:00',
    'failed 02:00 02:00 02:30',
    'success 02:30 02:30 03:25',
  ];

  test('says what becomes of a run that is due while the one before goes on', async () => {
    const result = await simulate(Object.values(overlap), { from: '2026-01-01', to: '2026-01-01T02:30Z', duration: '55 minutes' });
    const seen = ({ dagId }: DagDefinition) =>
      result
        .runsOf(dagId)
        .map((run) => [run.status, ...iso([run.runAfter, run.startedAt, run.endedAt]).map((at) => at?.slice(11))].join(' '));
    expect(Object.fromEntries(Object.entries(overlap).map(([name, dag]) => [name, seen(dag)]))).toEqual({
      skip: ['success 00:30 00:30 01:25', 'success 01:30 01:30 02:25', 'success 02:30 02:30 03:25'],
      // That of 01:30 was replaced by the next while it waited.
      bufferOne: ['success 00:30 00:30 01:25', 'success 01:00 01:25 02:20', 'success 02:00 02:20 03:15', 'success 02:30 03:15 04:10'],
      bufferAll: [
        'success 00:30 00:30 01:25',
        'success 01:00 01:25 02:20',
        'success 01:30 02:20 03:15',
        'success 02:00 03:15 04:10',
        'success 02:30 04:10 05:05',
      ],
      cancelOther: STOPPED,
      terminateOther: STOPPED,
    });
  });
});

describe('partitions.ts', () => {
  test('makes a partition a day, and a month when all its days are there', async () => {
    const result = await simulate(Object.values(partitions), { ...DAYS, to: '2026-02-03' });
    const days = result.runsOf('example_partition_days');
    expect(days.map((run) => run.task('load').result)).toEqual(days.map((run) => run.partitionKey));
    expect(days[0]?.partitionKey).toBe('2026-01-01');
    expect(result.runsOf('example_partition_months').map((run) => [run.runType, run.task('sum_up').result])).toEqual([
      ['asset_triggered', { month: '2026-01', days: 31 }],
    ]);
  });
});

describe('past.ts', () => {
  const FIRST = 'scheduled__2026-01-01T00:00:00.000Z';
  const MENDED = new Date('2026-01-03T12:00Z');

  test('waits for the same task of the run before, and for what came directly after it', async () => {
    const outcomes: SimulateOptions['outcomes'] = {
      publish: ({ interval, now }) => (interval.start.getUTCDate() === 1 && now < MENDED ? 'failed' : undefined),
    };
    const clear = ({ runs }: SimulationControl) => runs.clear(past.dagId, { runId: FIRST }, { onlyFailed: true });
    const { runs } = await simulate(past, { ...DAYS, outcomes, actions: [{ at: MENDED, do: clear }] });
    expect(runs.map((run) => run.task('balance').result)).toEqual(['2026-01-01', '2026-01-02', '2026-01-03']);
    expect(runs[1]?.startedAt).toEqual(new Date('2026-01-03'));
    expect(runs.map((run) => run.task('balance').startedAt?.toISOString())).toEqual([
      '2026-01-02T00:00:00.000Z',
      // Its run had begun half a day before.
      '2026-01-03T12:00:01.000Z',
      '2026-01-04T00:00:00.000Z',
    ]);
  });
});

describe('setup_teardown.ts', () => {
  test('takes the cluster down when all is well, when the work fails, and when the run is cancelled', async () => {
    const well = await once(setupTeardown);
    expect([well.status, well.task('count').result, well.task('delete_cluster').result]).toEqual(['success', 8_000, 'deleted cluster-1']);
    const failed = await once(setupTeardown, { outcomes: { count: 'failed' } });
    expect([failed.status, failed.task('delete_cluster').result]).toEqual(['failed', 'deleted cluster-1']);
    const cancel = { at: '2026-01-01T12:01Z', do: ({ runs }: SimulationControl) => runs.cancelRun(setupTeardown.dagId, 'noon') };
    const outcomes = { count: { status: 'success', duration: '50 minutes' } } as const;
    const cancelled = await once(setupTeardown, { outcomes, actions: [noon(setupTeardown.dagId), cancel] });
    expect([cancelled.status, cancelled.task('count').status, cancelled.task('delete_cluster').result]).toEqual([
      'failed',
      'failed',
      'deleted cluster-1',
    ]);
  });
});

describe('timetables.ts', () => {
  test('makes its runs when it says', async () => {
    const { seconds, endless, quarterHours, ...slow } = timetables;
    const result = await simulate(Object.values(slow), { ...DAYS, to: '2026-04-02' });
    expect(new Set(result.runs.map((run) => run.status))).toEqual(new Set(['success']));
    expect(
      Object.fromEntries(
        Object.entries(slow).map(([name, dag]) => [name, [logicalDates(result, dag).length, ...logicalDates(result, dag).slice(0, 3)]]),
      ),
    ).toEqual({
      nightly: [90, '2026-01-01T01:15', '2026-01-02T01:15', '2026-01-03T01:15'],
      opening: [78, '2026-01-01T08:00', '2026-01-02T08:00', '2026-01-03T06:30'],
      days: [91, '2025-12-31T23:00', '2026-01-01T23:00', '2026-01-02T23:00'],
      single: [1, '2026-01-01T00:00'],
      closings: [1, '2026-03-31T20:00'],
      workingDays: [65, '2026-01-01T00:00', '2026-01-02T00:00', '2026-01-05T00:00'],
    });
    const fast = await simulate([seconds, endless, quarterHours], { ...DAYS, to: '2026-01-01T00:50Z', duration: '1 minute' });
    expect([seconds, endless, quarterHours].map(({ dagId }) => fast.runsOf(dagId).length)).toEqual([101, 50, 4]);
  });
});

describe('trigger_rules.ts', () => {
  test('the run deals with its failure', async () => {
    const run = await once(triggerRules);
    expect(run.status).toBe('success');
    expect(run.statuses).toMatchObject({ bad: 'failed', only_when_all_is_well: 'success', clean_up: 'success', report_failure: 'success' });
    expect(run.task('sum_up').result).toEqual(['fine']);
  });
});

describe('triggering.ts', () => {
  test('makes a run of the other DAG with its params, and goes on after its end', async () => {
    const { parent, child } = triggering;
    const result = await simulate([parent, child], { ...DAYS, actions: [noon(parent.dagId)] });
    const [made] = result.runsOf(child.dagId);
    const run = result.run('noon');
    expect([made?.status, made?.task('work').result]).toEqual(['success', 'worked for berlin']);
    expect(run.task('after_it').result).toBe(made?.runId);
    expect(run.task('after_it').startedAt?.getTime()).toBeGreaterThanOrEqual(made?.endedAt?.getTime() ?? Number.POSITIVE_INFINITY);
  });
});

describe('trouble.ts', () => {
  test('tries again after what the error asks for, and tells somebody each time', async () => {
    const result = await simulate(trouble, { ...DAYS, to: '2026-01-02T12:00Z' });
    const [run] = result.runs;
    expect(run?.task('report').result).toBe(3);
    expect(run?.task('call_an_api').tries.map((one) => one.startedAt?.toISOString().slice(11, 19))).toEqual([
      '01:00:00',
      '01:00:06',
      '01:00:12',
    ]);
    expect(result.notices.map(({ payload, target }) => [(payload as { event?: string }).event, target.kind])).toEqual([
      ['task.retry', 'code'],
      ['task.retry', 'code'],
    ]);
  });

  test('runs the failed tasks of a failed run once more', async () => {
    const outcomes = { call_an_api: { status: 'failed', error: { name: 'TypeError' } } } as const;
    const { runs, notices } = await simulate(trouble, { ...DAYS, to: '2026-01-02T12:00Z', outcomes });
    expect(runs[0]?.status).toBe('failed');
    expect(iso(runs[0]?.task('call_an_api').tries.map((one) => one.startedAt) ?? [])).toEqual(['2026-01-02T01:00', '2026-01-02T01:10']);
    expect(notices.map(({ payload, target }) => [(payload as { event?: string }).event, target.kind])).toEqual([
      ['run.failure', 'code'],
      ['run.failure', 'email'],
      ['deadline.missed', 'webhook'],
    ]);
  });
});

describe('waiting.ts', () => {
  const hello = dag('hello', { schedule: cron('@daily'), start: '2026-01-01' }, () => {
    task('greet', () => 'hello');
  });

  test('a task waits ten minutes and looks, without a slot', async () => {
    const run = await once(waiting.default);
    expect(run.task('begin').result).toBe(3);
    expect(iso([run.task('ask_another_system').endedAt])).toEqual(['2026-01-01T12:10']);
    expect(run.task('ask_another_system').tries).toHaveLength(2);
  });

  test('waits for the run of another DAG with the same logical date', async () => {
    const result = await simulate([waiting.other, hello], {
      ...DAYS,
      actions: [noon(waiting.other.dagId, { logicalDate: Date.UTC(2026, 0, 1) })],
    });
    const run = result.run('noon');
    expect(run.task('go_on').result).toBe('went on');
    expect(iso([run.task('upstream_dag').endedAt])).toEqual(['2026-01-02T00:00']);
  });

  test('waits for people, and takes their answers', async () => {
    const yes = await once(waiting.people, { answers: { how_much: { euros: 12 }, may_it_go_out: { approved: true } } });
    expect(yes.task('send').result).toBe('sent for 12 €');
    const no = await once(waiting.people, { answers: { how_much: { euros: 12 }, may_it_go_out: () => ({ approved: false }) } });
    expect(no.statuses).toEqual({ how_much: 'success', may_it_go_out: 'skipped', send: 'skipped' });
    const nobody = await once(waiting.people);
    expect([nobody.status, ...iso([nobody.endedAt])]).toEqual(['failed', '2026-01-03T12:00']);
  });
});

test('every example has a test here', () => {
  const files = readdirSync(new URL('../../dags/examples/', import.meta.url));
  const tests = ['examples.test.ts', 'data-examples.test.ts'].map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join('');
  expect(files.filter((file) => !tests.includes(`describe('${file}'`))).toEqual([]);
});
