/** What limits lead to in a run, through the engine and the core on the virtual clock. */
import { cron, dag, task } from '@headrace/sdk';
import { expect, test } from '@jest/globals';
import { simulate } from '../src/index.ts';

const DAY = { from: '2026-01-01', to: '2026-01-02' } as const;

test('a rate spreads starts evenly, and the scheduler wakes for each token', async () => {
  const calls = dag('calls', { schedule: cron('@daily'), start: '2026-01-01' }, () => {
    for (const name of ['a', 'b', 'c', 'd'])
      task(name, { limits: { rate: [{ key: 'crm', limit: 1, per: '10 minutes' }] } }, async () => {});
  });
  const { runs } = await simulate(calls, DAY);
  expect(runs[0]?.tasks.map((one) => one.startedAt?.toISOString().slice(11, 16)).sort()).toEqual(['00:00', '00:10', '00:20', '00:30']);
});

test('what follows most gets its slot first, unless the weight rule says otherwise', async () => {
  const order = async (weightRule: 'downstream' | 'absolute'): Promise<readonly string[]> => {
    const weighed = dag('weighed', { schedule: cron('@daily'), start: '2026-01-01', maxActiveTasks: 1, defaults: { weightRule } }, () => {
      task('a_alone', {}, async () => {});
      const first = task('b_first', {}, async () => {});
      task('c_next', { after: [first] }, async () => {});
    });
    const { runs } = await simulate(weighed, DAY);
    const started = runs[0]?.tasks.toSorted((one, other) => (one.startedAt?.getTime() ?? 0) - (other.startedAt?.getTime() ?? 0));
    return started?.map((one) => one.taskId) ?? [];
  };
  expect(await order('downstream')).toEqual(['b_first', 'a_alone', 'c_next']);
  expect(await order('absolute')).toEqual(['a_alone', 'b_first', 'c_next']);
});

test('a concurrency key holds over the items and tasks that name it', async () => {
  const keyed = dag('keyed', { schedule: cron('@daily'), start: '2026-01-01' }, () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) task(name, { limits: { concurrency: [{ key: 'crm', limit: 2 }] } }, async () => {});
  });
  const { runs } = await simulate(keyed, { ...DAY, duration: '10 minutes' });
  expect(runs[0]?.tasks.map((one) => one.startedAt?.toISOString().slice(11, 16)).sort()).toEqual([
    '00:00',
    '00:00',
    '00:10',
    '00:10',
    '00:20',
  ]);
});
