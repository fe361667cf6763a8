/** SQL in DuckDB over more rows than memory may hold: it spills into the attempt's own directory, and says so when there is no room. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createExecutors, type DuckLimits } from '@headrace/dataplane';
import { type LakeResult, transform } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { lake } from '../src/index.ts';
import { openRoot } from '../src/roots/open-root.ts';
import { only } from './support/rig.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-memory-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const quiet = (): void => {};
const NOW = new Date('2020-01-02T00:00:00Z');

async function run(sql: string, limits: DuckLimits): Promise<LakeResult> {
  const task = only(() => transform('big', { reads: {}, sql, into: lake('lake').table('big'), columns }));
  const scratch = await mkdtemp(join(folder, 'scratch-'));
  const result = await createExecutors({ sources: {}, targets: {}, openRoot }, limits).transform({
    operation: task.operation ?? {},
    inputs: {},
    fence: { taskInstanceId: '1', attempt: 1, attemptId: 'a' },
    scratch,
    context: {
      dagId: 'memory',
      runId: 'r',
      taskId: 'big',
      mapIndex: -1,
      attempt: 1,
      maxTries: 1,
      params: {},
      logicalDate: NOW,
      interval: { start: NOW, end: NOW, day: '2020-01-02', hour: '' },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      signal: new AbortController().signal,
      connection: (id) => ({ id, url: pathToFileURL(join(folder, 'lake')).href }),
    },
  });
  return result as LakeResult;
}

/** 77 MB of keys, and as many groups as rows. */
const KEYS = `select hash(i)::varchar || repeat('x', 110) as key, i from range(600000) r (i)`;
const GROUPS = `select key, count(*) as n from (${KEYS}) k group by 1`;
const SORTED = `select key, i as n from (${KEYS}) k order by 1`;
const columns = { key: 'text', n: 'int8' } as const;
const SMALL = { memoryLimit: '64MB', threads: 1 };

describe.each([
  ['an aggregate', GROUPS],
  ['a sort', SORTED],
])('%s of more than may be in memory', (_, sql) => {
  test('spills', async () => {
    expect(await run(sql, SMALL)).toMatchObject({ rows: 600_000, counts: { in: 600_000, out: 600_000 } });
  }, 60_000);

  test('fails where it has no room to spill, and says what to do', async () => {
    await expect(run(sql, { ...SMALL, spillLimit: '1MB' })).rejects.toMatchObject({
      code: 'HR_SPILL_FULL',
      message: expect.stringMatching(/more room on the disk of its scratch directory [\s\S]* Read less at once/),
    });
  }, 60_000);
});
