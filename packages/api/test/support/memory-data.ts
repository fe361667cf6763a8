/** Connections, progress and reports of data for the API's own tests. */
import { createConnectionBook, createKeyring, createVariableBook } from '@headrace/connections';
import type { CheckRecord, CursorRecord, LoadRecord } from '@headrace/ports';
import { createMemoryStore } from '@headrace/testing';
import type { ApiDeps } from '../../src/index.ts';

type DataDeps = Pick<
  ApiDeps,
  'connections' | 'variables' | 'settings' | 'connectionUrl' | 'dataAdmin' | 'dataReports' | 'lineage' | 'progress'
>;

export function memoryData(t0: number): DataDeps {
  const { connections, variables, lineage } = createMemoryStore({ now: () => t0 });
  const ofTry = { dagId: 'sales', runId: 'r1', taskId: 'publish', mapIndex: -1, attempt: 1, taskInstanceId: '3' };
  const place = { connection: 'lake', place: 'mart/revenue', partition: { day: '2024-01-01' }, loadId: 'L1' };
  const load = (id: number): LoadRecord => ({
    ...ofTry,
    ...place,
    id: String(id),
    kind: 'lake',
    disposition: 'replace-partition',
    rowsIn: 10,
    rowsOut: 8,
    rowsDeduplicated: 1,
    rowsQuarantined: 1,
    unchanged: false,
    bytes: 100,
    version: id,
    schemaHash: 'ab',
    columns: [{ name: 'day', type: 'date' }],
    drift: [{ table: 'mart/revenue', change: 'column_added', column: 'x', action: 'evolve' }],
    checks: 1,
    checksFailed: 1,
    committedAt: t0 + id,
  });
  const check = (id: number): CheckRecord => ({
    ...ofTry,
    ...place,
    id: String(id),
    name: 'unique',
    columns: ['day'],
    severity: 'warn',
    stage: 'staging',
    ok: false,
    count: 2,
    samples: ['day=2024-01-01'],
    at: t0 + id,
  });
  const loads = [3, 2, 1].map(load);
  const checks = [5, 4].map(check);
  const older = <T extends { readonly id: string }>(all: readonly T[], { limit, before }: { limit: number; before?: string }) =>
    all.filter(({ id }) => before === undefined || Number(id) < Number(before)).slice(0, limit);
  const cursors = new Map<string, CursorRecord>([
    [
      'sales.read',
      {
        name: 'sales.read',
        table: 'raw/sales',
        state: { value: '2024-03-09 10:00:00+00', boundary: ['00ff'], boundaryFrom: '2024-03-09 08:00:00+00' },
        updatedAt: new Date('2024-03-10T00:00:00Z'),
        loadId: 'L1',
      },
    ],
  ]);
  const cursor = (name: string): CursorRecord => {
    const found = cursors.get(name);
    if (found === undefined) throw Object.assign(new Error(`There is no cursor "${name}"`), { code: 'HR_CURSOR_NOT_FOUND' });
    return found;
  };
  return {
    connectionUrl: (id) => (['lake', 'nowhere'].includes(id) ? `file:///${id}` : undefined),
    connections: createConnectionBook(connections, createKeyring({ current: 'a-key-for-these-tests' })),
    variables: createVariableBook(variables, createKeyring({ current: 'a-key-for-these-tests' })),
    settings: [{ name: 'headrace', options: [{ key: 'HEADRACE_PORT', value: '8080' }] }],
    dataAdmin: {
      testConnection: async ({ url }) =>
        url.includes('nowhere')
          ? { ok: false, code: 'HR_CONNECTION_FAILED', message: 'Cannot reach nowhere', ms: 3 }
          : { ok: true, message: `asked ${url.length} characters`, ms: 3 },
      async listCursors({ id }, table) {
        if (id === 'nowhere') throw Object.assign(new Error('Cannot reach nowhere'), { code: 'HR_CONNECTION_FAILED' });
        return [...cursors.values()].filter((each) => table === undefined || each.table === table);
      },
      async rewindCursor(_, name, value) {
        const { loadId: _moved, ...held } = cursor(name);
        const rewound = { ...held, state: { value } };
        cursors.set(name, rewound);
        return rewound;
      },
      async resetCursor(_, name) {
        const held = cursor(name);
        cursors.delete(name);
        return held;
      },
    },
    lineage,
    dataReports: {
      loads: async ({ dagId = 'sales', place: wanted }, page) =>
        older(dagId === 'sales' && (wanted === undefined || wanted === place.place) ? loads : [], page),
      checks: async ({ ok = false, dagId = 'sales' }, page) => older(dagId === 'sales' && !ok ? checks : [], page),
      newestLoads: async ({ place: wanted }, { after }) => (wanted === place.place && after === undefined ? [load(3)] : []),
    },
    progress: {
      ofRun: async (dagId, runId, taskId) =>
        dagId === 'sales' && runId === 'r2' && (taskId ?? 'extract') === 'extract'
          ? [
              {
                taskInstanceId: '4',
                attemptId: 'a',
                taskId: 'extract',
                mapIndex: -1,
                phase: 'reading',
                rows: 500,
                totalRows: 2_000,
                beganAt: t0,
                toldAt: t0 + 5_000,
                readAt: t0 + 7_500,
              },
            ]
          : [],
    },
  };
}
