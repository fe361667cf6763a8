/** What the benchmarks run: tasks that do nothing, so that what is measured is Headrace. */
import { dag, type TaskDefinition, task } from '@headrace/sdk';

function chainOf(length: number, work: () => unknown): void {
  let previous: TaskDefinition | undefined;
  for (let index = 0; index < length; index++) {
    previous = task(`step_${String(index).padStart(3, '0')}`, previous === undefined ? {} : { after: [previous] }, () => void work());
  }
}

const many = { maxActiveRuns: 100_000, maxActiveTasks: 100_000, paused: true } as const;

export const chain10 = dag('bench_chain_10', many, () => chainOf(10, () => {}));

export const chain200 = dag('bench_chain_200', { ...many, paused: false }, () => chainOf(200, () => {}));

/** The published benchmark's "40 light tasks": each computes fibonacci(10). */
export const light40 = dag('bench_light_40', { ...many, paused: false }, () => chainOf(40, () => fibonacci(10)));

export const single = dag('bench_single', { ...many, paused: false }, () => chainOf(1, () => {}));

export const wide = dag('bench_wide_10000', { ...many, paused: false }, () => {
  const first = task('first', {}, () => {});
  const middle = Array.from({ length: 10_000 }, (_, index) => task(`item_${String(index).padStart(5, '0')}`, { after: [first] }, () => {}));
  task('last', { after: middle }, () => {});
});

function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
