import type { TimetableQuestion } from '@headrace/core';
import { type DueDag, noMetrics, type SchedulePlan, silentLog } from '@headrace/ports';
import { describe, expect, test } from '@jest/globals';
import { planDag } from '../src/plan-dag.ts';
import { SchedulePlanner } from '../src/schedule-planner.ts';
import { TimetableBook } from '../src/timetable-book.ts';
import { dagOf } from './memory-store.ts';

const DAY = 86_400_000;
const START = Date.UTC(2025, 0, 1);
const NOW = Date.UTC(2025, 0, 11, 12);

function due(spec: Partial<DueDag['spec']>, more: Partial<DueDag> = {}): DueDag {
  const dag = dagOf('shop', { a: [] });
  return {
    dagId: 'shop',
    versionId: '7',
    spec: {
      ...dag,
      schedule: { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' },
      startAt: START,
      catchup: { kind: 'all' },
      ...spec,
    },
    firstSeenAt: START,
    activeSince: START,
    ...more,
  };
}

const dates = (plan: SchedulePlan): readonly string[] => plan.runs.map((run) => run.runId.slice(11, 21));

describe('the plan of a DAG', () => {
  test('names runs, their partitions, and what holds them', () => {
    const { plan } = planDag(
      due({ schedule: { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron', partitioned: true } }),
      NOW,
      2,
    );
    expect(plan.runs[0]).toMatchObject({
      dagId: 'shop',
      versionId: '7',
      runId: 'scheduled__2025-01-01T00:00:00.000Z',
      runType: 'scheduled',
      partitionKey: '2025-01-01',
      runAfter: START + DAY,
    });
    expect(plan.runs[0]).not.toHaveProperty('heldFor');
    expect(plan).toMatchObject({ scheduledUpTo: START + 2 * DAY, nextDueAt: START + 3 * DAY, exclusion: 'none', replaces: [] });
    const time = { kind: 'cron', expression: '@daily', timezone: 'UTC', interval: 'cron' } as const;
    const held = planDag(due({ schedule: { kind: 'assets_and_time', when: { kind: 'asset', name: 'a' }, time } }), NOW, 2);
    expect(held.plan.runs.map((run) => run.heldFor)).toEqual(['assets', 'assets']);
    const free = planDag(due({ schedule: { kind: 'assets_or_time', when: { kind: 'asset', name: 'a' }, time } }), NOW, 2);
    expect(free.plan.runs.map((run) => run.heldFor)).toEqual([undefined, undefined]);
  });

  test('has no scheduled runs where the DAG allows none', () => {
    expect(planDag(due({ allowedRunTypes: ['manual'] }), NOW, 10).plan).toMatchObject({ runs: [] });
    expect(planDag(due({ allowedRunTypes: ['scheduled'] }), NOW, 10).plan.runs).toHaveLength(10);
  });

  test.each([
    ['allow', 10, []],
    ['skip', 1, []],
    ['buffer_one', 2, []],
    ['buffer_all', 10, []],
    ['cancel_other', 1, []],
    ['terminate_other', 1, []],
  ] as const)('catching up ten days with %s makes %i', (overlap, count, replaces) => {
    const { plan, passedOver } = planDag(due({ overlap }, { unended: [] }), NOW, 100);
    expect(plan.runs).toHaveLength(count);
    expect(plan.replaces).toEqual(replaces);
    expect(passedOver).toBe(10 - count);
    // What is not made counts as scheduled all the same.
    expect(plan.scheduledUpTo).toBe(START + 10 * DAY);
    // The newest is made, but where only the first may be.
    expect(dates(plan).at(-1)).toBe(overlap === 'skip' ? '2025-01-01' : '2025-01-10');
  });

  test('replaces a run that waits, and says what ends the one that runs', () => {
    const unended = [
      { runKey: '1', status: 'running' },
      { runKey: '2', status: 'queued' },
    ] as const;
    const of = (overlap: NonNullable<DueDag['spec']['overlap']>) =>
      planDag(due({ overlap }, { unended, scheduledUpTo: START + 9 * DAY }), NOW, 100).plan;
    expect(of('buffer_one')).toMatchObject({ replaces: ['2'], exclusion: 'dag', runs: [{}] });
    expect(of('buffer_one')).not.toHaveProperty('endsOther');
    expect(of('cancel_other')).toMatchObject({ replaces: ['2'], endsOther: 'cancel' });
    expect(of('terminate_other')).toMatchObject({ replaces: ['2'], endsOther: 'terminate' });
    expect(of('skip')).toMatchObject({ runs: [], replaces: [], scheduledUpTo: START + 10 * DAY });
  });

  test('of continuous runs waits for the DAG to be idle', () => {
    const continuous = (unended: DueDag['unended']) =>
      planDag(due({ schedule: { kind: 'continuous' } }, unended === undefined ? {} : { unended }), NOW, 10).plan;
    expect(continuous([{ runKey: '1', status: 'running' }])).toMatchObject({ runs: [], whenIdle: true });
    expect(continuous([])).toMatchObject({ runs: [{ intervalStart: START, intervalEnd: NOW }], whenIdle: true });
  });
});

/** A store that plans one DAG whenever it is asked, and remembers what came of it. */
function planning(dag: DueDag) {
  const plans: SchedulePlan[] = [];
  const requested: string[][] = [];
  let scheduled: Partial<DueDag> = {};
  return {
    plans,
    requested,
    store: {
      async planDueDags(_: number, plan: (dag: DueDag, now: number) => SchedulePlan) {
        const made = plan({ ...dag, ...scheduled }, NOW);
        plans.push(made);
        scheduled = {
          ...(made.scheduledUpTo === undefined ? {} : { scheduledUpTo: made.scheduledUpTo }),
          ...(made.scheduledFrom === undefined ? {} : { scheduledFrom: made.scheduledFrom }),
        };
        return { created: made.runs.map((run) => run.runId), looked: 1 };
      },
    },
    schedules: { requestPlan: async (dagIds: readonly string[]) => void requested.push([...dagIds]) },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(condition()).toBe(true);
}

const daily = ({ last, earliest }: TimetableQuestion) => {
  const start = last?.end ?? earliest;
  return { start, end: start + DAY };
};

describe('a DAG with a timetable of its own', () => {
  const custom = due({ schedule: { kind: 'custom', name: 'moon' } });

  test('is planned without waiting for the timetable, and again when it has answered', async () => {
    const { plans, requested, store, schedules } = planning(custom);
    const asked: TimetableQuestion[] = [];
    const planner = new SchedulePlanner({
      store,
      schedules,
      log: silentLog,
      metrics: noMetrics,
      runsAtOnce: 100,
      timetables: {
        async ask(versionId, name, question) {
          expect([versionId, name]).toEqual(['7', 'moon']);
          asked.push(question);
          return daily(question);
        },
      },
    });
    expect((await planner.plan()).created).toEqual([]);
    // Should whoever asks not live to say so, the DAG is looked at again.
    expect(plans[0]?.nextDueAt).toBe(NOW + 30_000);
    await until(() => requested.length === 1);
    expect((await planner.plan()).created).toHaveLength(10);
    expect(plans[1]).toMatchObject({ nextDueAt: START + 11 * DAY, scheduledFrom: START + 9 * DAY, scheduledUpTo: START + 10 * DAY });
    expect(asked).toHaveLength(11);
    expect(requested).toEqual([['shop']]);
  });

  test('whose timetable never answers, or fails, holds up nothing', async () => {
    const { plans, requested, store, schedules } = planning(custom);
    const counted: string[] = [];
    let answers = 0;
    const planner = new SchedulePlanner({
      store,
      schedules,
      log: silentLog,
      metrics: { ...noMetrics, count: (name) => void counted.push(name) },
      runsAtOnce: 100,
      timetables: {
        async ask() {
          answers += 1;
          if (answers === 1) throw new Error('no moon tonight');
          return new Promise(() => {});
        },
      },
    });
    await planner.plan();
    await until(() => counted.includes('headrace_timetable_errors_total'));
    await planner.plan();
    await planner.plan();
    expect(plans.map((plan) => plan.nextDueAt)).toEqual([NOW + 30_000, NOW + 30_000, NOW + 30_000]);
    expect(requested).toEqual([]);
    // One errand at a time.
    expect(answers).toBe(2);
  });

  test('is not planned, and harms no other, where nobody can ask', async () => {
    const { plans, store } = planning(custom);
    await new SchedulePlanner({ store, log: silentLog, metrics: noMetrics, runsAtOnce: 100 }).plan();
    expect(plans).toMatchObject([{ runs: [] }]);
    expect(plans[0]).not.toHaveProperty('nextDueAt');
  });

  test('that answers nonsense is not planned', async () => {
    const { plans, requested, store, schedules } = planning(custom);
    const planner = new SchedulePlanner({
      store,
      schedules,
      log: silentLog,
      metrics: noMetrics,
      runsAtOnce: 100,
      timetables: { ask: async () => ({ start: 5, end: 1 }) },
    });
    await planner.plan();
    await until(() => plans.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    await planner.plan();
    expect(plans.at(-1)).toEqual({ dagId: 'shop', runs: [] });
    expect(requested).toEqual([]);
  });
});

test('what was answered is kept, and that there is no further interval, too', async () => {
  let asked = 0;
  const book = new TimetableBook({
    async ask(_, __, question) {
      asked += 1;
      return question.last === undefined ? { start: 1, end: 2 } : undefined;
    },
  });
  const functions = book.functionsOf('7');
  const first: TimetableQuestion = { last: undefined, earliest: 0, latest: undefined };
  const second: TimetableQuestion = { last: { start: 1, end: 2 }, earliest: 0, latest: undefined };
  expect(functions('moon', first)).toBe('pending');
  const questions = [first, second];
  await book.learn('shop', '7', () => (questions.length === 0 ? undefined : { name: 'moon', question: questions.shift() ?? first }), 10);
  expect([functions('moon', first), functions('moon', second)]).toEqual([{ start: 1, end: 2 }, undefined]);
  expect(book.functionsOf('8')('moon', first)).toBe('pending');
  expect(functions('sun', first)).toBe('pending');
  expect(asked).toBe(2);
});
