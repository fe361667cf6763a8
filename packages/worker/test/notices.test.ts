/** Notices to functions of DAG files, in real task processes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClaimedNotice, NoticeDelivery, NoticeStore } from '@headrace/ports';
import { noMetrics, silentLog } from '@headrace/ports';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BundleCache } from '../src/bundle-cache.ts';
import { type NoticesOptions, startNotices } from '../src/notices.ts';
import { WorkerFixture } from './support/worker-fixture.ts';

const sdk = new URL('../../../packages/sdk/src/index.ts', import.meta.url).href;

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
}, 30_000);
afterEach(() => fixture.stop());

/** Delivers one notice; answers with how that went. */
async function outcomeOf(
  notice: Partial<ClaimedNotice>,
  { connections = () => undefined, guard = (work) => work() }: Partial<Pick<NoticesOptions, 'connections' | 'guard'>> = {},
): Promise<NoticeDelivery['outcome']> {
  const waiting: ClaimedNotice[] = [
    {
      id: '7',
      attempt: 1,
      idempotencyKey: 'k',
      createdAt: 0,
      target: { kind: 'code', hook: 'page' },
      payload: { event: 'run.failure', dagId: 'd', runId: 'r1' },
      versionId: '1',
      ...notice,
    },
  ];
  return new Promise((resolve, reject) => {
    const store: Pick<NoticeStore, 'claim' | 'settle' | 'dueIn' | 'onNew'> = {
      claim: async () => waiting.splice(0),
      dueIn: async () => undefined,
      onNew: async () => async () => {},
      settle: async ([delivery]) => {
        if (delivery !== undefined) void delivering.then((deliverer) => deliverer.stop()).then(() => resolve(delivery.outcome), reject);
      },
    };
    const delivering = startNotices({
      workerId: 'w',
      store: store as NoticeStore,
      connections,
      guard,
      bundles: new BundleCache(fixture.store, join(fixture.dir, 'bundles')),
      pool: fixture.pool,
      mask: (text) => text,
      log: silentLog,
      metrics: noMetrics,
    });
    delivering.catch(reject);
  });
}

function dagWithHook(body: string): void {
  const code = `
    import { writeFile } from 'node:fs/promises';
    import { dag, notify, task } from ${JSON.stringify(sdk)};
    export default dag('d', { onFailure: notify.run('page', async (notice) => { ${body} }) }, () => { task('a', {}, () => 1); });`;
  fixture.store.addDag('1', 'd', code, []);
}

describe('a function of a DAG file', () => {
  test('is called with the payload, in a task process', async () => {
    const heard = join(fixture.dir, 'heard.json');
    dagWithHook(`await writeFile(${JSON.stringify(heard)}, JSON.stringify({ ...notice, pid: process.pid }));`);
    expect(await outcomeOf({})).toEqual({ kind: 'delivered' });
    const { pid, ...payload } = JSON.parse(await readFile(heard, 'utf8'));
    expect(payload).toEqual({ event: 'run.failure', dagId: 'd', runId: 'r1' });
    expect(pid).not.toBe(process.pid);
  }, 30_000);

  test('that throws, or is not there, is tried again, and the error says what happened', async () => {
    dagWithHook(`throw new RangeError('nobody is on duty');`);
    expect(await outcomeOf({})).toMatchObject({ kind: 'retry', error: expect.stringContaining('nobody is on duty') });
    expect(await outcomeOf({ target: { kind: 'code', hook: 'gone' } })).toMatchObject({
      kind: 'retry',
      error: expect.stringContaining('gone'),
    });
    expect((await outcomeOf({ versionId: '99', attempt: 13 })).kind).toBe('dead');
  }, 30_000);
});

test.each([
  [{ kind: 'webhook', connection: 'pager' }, 'http://127.0.0.1:1/'],
  [{ kind: 'email', connection: 'mail', to: ['ada@example.com'] }, 'smtp://127.0.0.1:1?from=a@example.com'],
] as const)('what goes to the address of a connection goes through the guard: %j', async (target, url) => {
  let guarded = 0;
  const guard: NoticesOptions['guard'] = async () => {
    guarded += 1;
    throw new RangeError('not there');
  };
  expect(await outcomeOf({ target }, { connections: () => url, guard })).toMatchObject({ kind: 'retry', error: 'RangeError: not there' });
  expect(guarded).toBe(1);
});
