/** A sensor without a function: the executors look, by the same rules as for one that has a function. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PoolFixture } from './support/pool-fixture.ts';

let fixture: PoolFixture;
beforeAll(async () => {
  fixture = await PoolFixture.start({ executorsModule: new URL('support/executors.mjs', import.meta.url).href });
});
afterAll(() => fixture.stop());

const members = (mode: string, more = '') => `connections: ['place'], operation: { connector: 'files', connection: 'place' },
  flow: { sensor: { mode: '${mode}', everyMs: 50, timeoutMs: 60000, softFail: false, condition: 'files' } }, ${more}`;
const connections = (path: string) => [{ id: 'place', url: path }];
const here = fileURLToPath(import.meta.url);

describe('a sensor that is an operation', () => {
  test('has what its executor finds as its result', async () => {
    const ended = await fixture.runDefined(members('reschedule'), { connections: connections(here) });
    expect(ended.report.outcome).toBe('success');
    expect(ended.result).toEqual({ kind: 'inline', json: JSON.stringify({ connector: 'files', connection: 'place' }) });
  });

  test('gives its slot back when nothing is found', async () => {
    const { report } = await fixture.runDefined(members('reschedule'), { connections: connections(join(fixture.dir, 'nothing')) });
    expect(report.outcome).toBe('rescheduled');
  });

  test('keeps looking in its process when it pokes', async () => {
    const file = join(fixture.dir, 'comes-later');
    const running = fixture.runDefined(members('poke'), {
      connections: connections(file),
      onStart: () => {
        setTimeout(() => writeFileSync(file, 'x'), 200);
      },
    });
    expect((await running).report.outcome).toBe('success');
  });

  test('fails without another try when its time in all is over', async () => {
    const { report } = await fixture.runDefined(members('reschedule'), {
      connections: connections(join(fixture.dir, 'nothing')),
      attempt: { firstStartedAt: Date.now() - 61_000 },
    });
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'HR_SENSOR_TIMEOUT', retryable: false } });
  });

  test('says so where the executors cannot look', async () => {
    const other = await PoolFixture.start({ executorsModule: new URL('support/blind-executors.mjs', import.meta.url).href });
    try {
      const { report } = await other.runDefined(members('reschedule'), { connections: connections(here) });
      expect(report).toMatchObject({
        outcome: 'failed',
        error: { message: expect.stringContaining('cannot look for what task "t" waits for') },
      });
    } finally {
      await other.stop();
    }
  });
});
