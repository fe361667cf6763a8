import { approval, dag, sensor, task } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import { type SimulateOptions, type SimulationControl, simulate } from '../src/index.ts';

const NOON = '2026-01-01T12:00:00Z';
const DAY = { from: '2026-01-01', to: '2026-01-02', run: true } satisfies SimulateOptions;

const trigger = (dagId: string) => [{ at: NOON, do: (control: SimulationControl) => control.trigger(dagId, { runId: 'mine' }) }];

describe('simulate with the functions of tasks', () => {
  test('a result that a test gives is what functions downstream are called with', async () => {
    const sums = dag('sums', {}, () => {
      const found = task('found', (): { id: bigint; at: Date }[] => []);
      const each = task('each', { each: found }, ({ item }) => item.at.getUTCFullYear() + Number(item.id));
      task('sum', { in: { each } }, async ({ each: all }) => (await all.toArray()).join(' '));
    });
    const result = [1n, 2n].map((id) => ({ id, at: new Date('2026-01-01') }));
    const { runs } = await simulate(sums, { ...DAY, actions: trigger('sums'), outcomes: { found: { status: 'success', result } } });
    expect(runs[0]?.task('found').result).toEqual(result);
    expect(runs[0]?.task('sum').result).toBe('2027 2028');
  });

  test('sensors look in simulated time, whether they keep their process or not', async () => {
    const looks: Record<string, string[]> = { poke: [], reschedule: [] };
    const looking = dag('looking', {}, () => {
      for (const mode of ['poke', 'reschedule'] as const) {
        sensor(mode, { mode, every: '5 minutes', timeout: '1 hour' }, () => (looks[mode] ?? []).push(mode) >= 4);
      }
    });
    const { runs } = await simulate(looking, { ...DAY, actions: trigger('looking') });
    expect(runs[0]?.statuses).toEqual({ poke: 'success', reschedule: 'success' });
    expect([looks.poke?.length, looks.reschedule?.length]).toEqual([4, 4]);
    expect(runs[0]?.task('poke').endedAt).toEqual(new Date('2026-01-01T12:15:00Z'));
    expect(runs[0]?.task('reschedule').endedAt).toEqual(new Date('2026-01-01T12:15:01Z'));
    expect([runs[0]?.task('poke').tries.length, runs[0]?.task('reschedule').tries.length]).toEqual([1, 4]);
  });

  test('a sensor that keeps its process runs into the timeout of its attempt', async () => {
    const looking = dag('looking', {}, () => {
      sensor('never', { mode: 'poke', every: '5 minutes', timeout: '1 day', executionTimeout: '12 minutes' }, () => false);
    });
    const { runs } = await simulate(looking, { ...DAY, actions: trigger('looking') });
    const { error, endedAt } = runs[0]?.task('never') ?? {};
    expect([error?.code, endedAt]).toEqual(['HR_EXECUTION_TIMEOUT', new Date('2026-01-01T12:12:00Z')]);
  });

  test('answers come a moment after they are asked for, from what the test says or from the form', async () => {
    const asking = dag('asking', {}, () => {
      const called = task('called', async ({ wait }) => (await wait.webhook({ announce: () => {} })) as string);
      const yes = approval('yes', { subject: 'Shall it?', after: called });
      task('end', { in: { called, yes } }, ({ called: text, yes: { comment } }) => `${text} ${comment}`);
    });
    const answers: SimulateOptions['answers'] = {
      'asking/called': 'posted',
      yes: (form: { subject: string }) => ({ approved: true, comment: form.subject }),
    };
    const { runs } = await simulate(asking, { ...DAY, actions: trigger('asking'), answers, duration: '1 minute' });
    expect(runs[0]?.task('end').result).toBe('posted Shall it?');
    // It asks for a minute, the answer takes one, and so does going on with it; twice.
    expect(runs[0]?.task('end').startedAt).toEqual(new Date('2026-01-01T12:06:00Z'));
  });

  test('a task with an outcome needs no connection, and one that is called needs its own', async () => {
    const vacuum = dag('vacuum', {}, () => {
      task('clean', { connections: ['pos'] }, ({ connection }) => connection('pos').url);
    });
    const given = await simulate(vacuum, { ...DAY, actions: trigger('vacuum'), outcomes: { clean: 'success' } });
    expect(given.run('mine').statuses).toEqual({ clean: 'success' });
    await expect(simulate(vacuum, { ...DAY, actions: trigger('vacuum') })).rejects.toThrow('needs the connection "pos"');
    const called = await simulate(vacuum, { ...DAY, actions: trigger('vacuum'), connections: { pos: 'postgres://here' } });
    expect(called.run('mine').task('clean').result).toBe('postgres://here');
  });

  test('a run that is triggered without params has those that the DAG begins with', async () => {
    const greet = dag('greet', { params: nameOrWorld }, ({ params }) => {
      task('hello', { in: { name: params.name } }, ({ name }) => `hello ${name}`);
    });
    const { runs } = await simulate(greet, { ...DAY, actions: trigger('greet') });
    expect(runs[0]?.task('hello').result).toBe('hello world');
  });
});

/** A schema without a library. */
const nameOrWorld = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => ({ value: { name: 'world', ...(value as object) } }),
    types: undefined as { readonly input: unknown; readonly output: { readonly name: string } } | undefined,
  },
} as const;
