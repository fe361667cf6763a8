/** DAGs whose tasks limits hold back: their DAG's own, their pool's, a concurrency key's and a rate's. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const BLOCKED_DAGS = ['blocked_by_dag', 'blocked_by_pool', 'blocked_by_key', 'blocked_by_rate'] as const;

/** One task of each of these gets through; the last one's ends at once, the others hold a slot until they are told to stop. */
export const GOT_THROUGH = 3;
export const SLOTS_HELD = 2;

/** Writes their file; the pool `closed` must have no slots. */
export async function writeBlockedDags(folder: string, tasksOfEach: number): Promise<void> {
  const source = `import { dag, task } from '@headrace/sdk';
const many = (options, work) => {
  for (let index = 0; index < ${tasksOfEach}; index++) task('waits_' + String(index).padStart(4, '0'), options, work);
};
const hold = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
const nothing = () => {};
const wide = { maxActiveRuns: 1, maxActiveTasks: 100_000 };
export const byDag = dag('blocked_by_dag', { ...wide, maxActiveTasks: 1 }, () => many({}, hold));
export const byPool = dag('blocked_by_pool', wide, () => many({ pool: 'closed' }, nothing));
export const byKey = dag('blocked_by_key', wide, () => many({ limits: { concurrency: [{ key: 'bench', limit: 1 }] } }, hold));
export const byRate = dag('blocked_by_rate', wide, () => many({ limits: { rate: [{ key: 'bench', limit: 1, per: '1 day' }] } }, nothing));
`;
  await writeFile(join(folder, 'blocked.ts'), source);
}
