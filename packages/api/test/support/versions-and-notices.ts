/** Two versions of the DAG `sales`, three notices about it, and nothing that keeps anything waiting. */
import type { DagSpec } from '@headrace/core';
import type { NoticeRecord, VersionRecord } from '@headrace/ports';
import type { ApiDeps } from '../../src/index.ts';

const CODE = {
  2: '// headrace:sdk\nexport const sdk = 1;\n// sales.ts\nvar rows = 1;\nvar same = 2;\n// gone.ts\nvar gone = 1;\n',
  3: '// headrace:sdk\nexport const sdk = 1;\n// sales.ts\nvar rows = 2;\nvar same = 2;\n',
} as const;

export function versionsAndNotices(spec: DagSpec, now: number): Pick<ApiDeps, 'notices' | 'dagVersions' | 'explain'> {
  const versions: VersionRecord[] = [2, 3].map((number) => ({
    versionId: String(number + 4),
    dagId: 'sales',
    number,
    file: 'sales.ts',
    bundleHash: `bundle${number}`,
    createdAt: now,
  }));
  const [first] = spec.tasks;
  const earlier: DagSpec = { ...spec, schedule: { kind: 'manual' }, tasks: first === undefined ? [] : [{ ...first, queue: 'slow' }] };
  let notices: NoticeRecord[] = (['pending', 'delivered', 'dead'] as const).map((state, index) => ({
    id: String(index + 1),
    key: `task.failure ${index}`,
    idempotencyKey: `hash${index}`,
    event: 'task.failure',
    dagId: 'sales',
    runId: 'r1',
    target: { kind: 'webhook', connection: 'pager' },
    payload: { event: 'task.failure', dagId: 'sales' },
    state,
    attempts: index,
    createdAt: now,
    ...(state === 'dead' ? { lastError: '410 Gone' } : {}),
  }));
  return {
    explain: { run: async () => undefined, slot: async () => undefined },
    dagVersions: {
      async list({ number }, page) {
        const items = versions.filter((one) => number === undefined || one.number === number);
        return { items: items.slice(page.offset, page.offset + page.limit), total: items.length };
      },
      async load(dagId, number) {
        const version = versions.find((one) => one.dagId === dagId && one.number === number);
        if (version === undefined || (number !== 2 && number !== 3)) return undefined;
        const { versionId, file, bundleHash: hash } = version;
        return { versionId, dagId, file, hash, spec: number === 3 ? spec : earlier, code: CODE[number] };
      },
    },
    notices: {
      async list({ states }, page) {
        const items = notices.filter((one) => states === undefined || states.includes(one.state));
        return { items: items.slice(page.offset, page.offset + page.limit), total: items.length };
      },
      get: async (id) => notices.find((one) => one.id === id),
      async redeliver(id) {
        const known = notices.some((one) => one.id === id);
        notices = notices.map((one) => (one.id === id ? { ...one, state: 'pending' } : one));
        return known;
      },
    },
  };
}
