/** What DAGs declare is read of each version once, whoever asks how often. */
import type { DeclaredTask } from '@headrace/ports';
import { expect, test } from '@jest/globals';
import { DeclaredFlows } from '../src/resources/declared-lineage.ts';

function store(newest: Record<string, string>) {
  const asked: string[][] = [];
  return {
    newest,
    asked,
    newestVersions: async () => Object.entries(newest).map(([dagId, versionId]) => ({ dagId, versionId })),
    async declared(versionIds: readonly string[]): Promise<readonly DeclaredTask[]> {
      asked.push([...versionIds]);
      return versionIds.map((versionId) => ({ versionId, taskId: 't', inlets: ['raw'], outlets: [`mart_${versionId}`] }));
    },
  };
}

test('a version is read once; a new one is read alone', async () => {
  const stored = store({ a: '1', b: '2' });
  const flows = new DeclaredFlows(stored);
  const written = async () => (await flows.all()).map((flow) => `${flow.dagId} ${flow.written}`);
  expect(await written()).toEqual(['a asset:mart_1', 'b asset:mart_2']);
  expect(await written()).toEqual(['a asset:mart_1', 'b asset:mart_2']);
  expect(stored.asked).toEqual([['1', '2']]);
  stored.newest.b = '3';
  expect(await written()).toEqual(['a asset:mart_1', 'b asset:mart_3']);
  expect(stored.asked).toEqual([['1', '2'], ['3']]);
  delete stored.newest.a;
  expect(await written()).toEqual(['b asset:mart_3']);
});

test('no more versions are kept than may be, and an answer is whole all the same', async () => {
  const stored = store(Object.fromEntries(Array.from({ length: 7 }, (_, n) => [`dag_${n}`, String(n)])));
  const flows = new DeclaredFlows(stored, 5);
  expect(await flows.all()).toHaveLength(7);
  expect(await flows.all()).toHaveLength(7);
  expect(stored.asked).toEqual([
    ['0', '1', '2', '3', '4', '5', '6'],
    ['0', '1'],
  ]);
});
