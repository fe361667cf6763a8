import { dag, task, triggerDag } from '@headrace/sdk';
import { describe, expect, test } from '@jest/globals';
import { simulate } from '../src/index.ts';

/** The least of a Standard Schema: a shop with a name, of which `units` is 1 if nothing is said. */
const params = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => {
      const { shop, units = 1 } = value as { readonly shop?: unknown; readonly units?: number };
      if (shop === undefined || typeof shop === 'string') return { value: { shop: shop ?? 'berlin', units } };
      return { issues: [{ message: 'must be a name', path: ['shop'] }] };
    },
    types: undefined as unknown as { input: { shop: string }; output: { shop: string; units: number } },
  },
} as const;

const inner = dag('inner', { params }, () => {
  task('work', () => 1);
});

async function outerWith(shop: string) {
  const outer = dag('outer', { retries: { max: 2, delay: '1 minute' } }, () => {
    triggerDag('start', { dag: inner, params: { shop } });
  });
  const actions = [
    {
      at: '2026-01-01T12:00Z',
      do: ({ trigger }: { trigger(dagId: string, request: object): unknown }) => trigger('outer', { runId: 'noon' }),
    },
  ];
  return simulate([outer, inner], { from: '2026-01-01', to: '2026-01-02', run: true, actions });
}

describe('a run that a task asks for, simulated', () => {
  test('has the params that its DAG makes of what was asked', async () => {
    const result = await outerWith('paris');
    expect(result.run('noon', 'outer').status).toBe('success');
    expect(result.runsOf('inner').map((run) => run.status)).toEqual(['success']);
  });

  test('is not made with params that its DAG refuses, and not tried again', async () => {
    const result = await outerWith(7 as unknown as string);
    const { tries, error } = result.run('noon', 'outer').task('start');
    expect(error).toMatchObject({ code: 'HR_INVALID_PARAMS', message: expect.stringContaining('param "shop": must be a name') });
    expect(tries).toHaveLength(1);
    expect(result.runsOf('inner')).toEqual([]);
  });
});
