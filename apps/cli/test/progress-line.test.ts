import type { TaskProgress } from '@headrace/api-contract';
import type { HeadraceClient } from '@headrace/client';
import { describe, expect, test } from '@jest/globals';
import { formatProgress } from '../src/output/progress-line.ts';
import { watchRun } from '../src/watch-run.ts';

const progress: TaskProgress = {
  task_id: 'load',
  map_index: 2,
  phase: 'writing',
  rows: 500,
  bytes: null,
  total_rows: 2_000,
  total_bytes: null,
  rows_per_second: 100,
  bytes_per_second: null,
  fraction: 0.25,
  remaining_seconds: 15,
  began_at: '2024-01-02T03:04:05.000Z',
  told_at: '2024-01-02T03:04:10.000Z',
  age_seconds: 0.4,
};

describe('progress on the terminal', () => {
  test('is a bar, the figures, and their age once they are old', () => {
    const line = '[######------------------] writing: 500 rows, 100 rows/s, 25 %, about 15 s left';
    expect(formatProgress(progress)).toBe(line);
    expect(formatProgress({ ...progress, age_seconds: 40 })).toBe(`${line} (nothing new for 40 s)`);
    expect(formatProgress({ ...progress, fraction: null, total_rows: null })).toBe('writing: 500 rows, 100 rows/s');
    expect(formatProgress({ ...progress, fraction: 1.5 })).toMatch(/^\[#{24}\]/);
  });

  /** A run that is seen running twice, then ended. */
  function running(): HeadraceClient {
    let looks = 0;
    const state = () => (looks > 2 ? 'success' : 'running');
    return {
      run: async () => {
        looks += 1;
        return { dag_id: 'd', dag_run_id: 'r', state: state() };
      },
      taskInstances: async () => ({
        task_instances: [{ task_id: 'load', map_index: 2, state: state(), try_number: 1, error: null, end_date: null, start_date: 'x' }],
        total_entries: 1,
      }),
      progress: async () => ({ progress: [{ ...progress, rows: looks * 500 }] }),
    } as unknown as HeadraceClient;
  }

  async function watched(isTTY: boolean): Promise<string> {
    const written: string[] = [];
    const { run } = await watchRun(running(), 'd', 'r', { write: (text) => written.push(text), isTTY });
    expect(run.state).toBe('success');
    return written.join('');
  }

  test('stays in its place on a terminal, and is a line a look elsewhere', async () => {
    const lines = (await watched(false)).split('\n');
    expect(lines.filter((line) => line.includes('writing:'))).toHaveLength(2);
    expect(lines[0]).toMatch(/^ {2}load\[2\] +running/);
    expect(lines.at(-2)).toMatch(/^ {2}load\[2\] +success/);
    const cleared = (await watched(true)).split('\u001b[1A\u001b[2K');
    expect(cleared).toHaveLength(3);
    expect(cleared[1]).toMatch(/^ {2}load\[2\] +\[#+-*\] writing: 1,000 rows/);
  }, 15_000);
});
