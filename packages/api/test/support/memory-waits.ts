/** Waits in memory, with the rule that each ends once. */
import type { InputForm, WaitCondition } from '@headrace/core';
import type { WaitEnding, WaitFilter, WaitRecord } from '@headrace/ports';
import type { ApiDeps } from '../../src/index.ts';

export interface MemoryWaits {
  readonly store: ApiDeps['waits'];
  readonly endings: WaitEnding[];
  /** Of task `publish` of run `r1` of DAG `sales`, unless it says otherwise. */
  add(condition: WaitCondition, more?: Partial<WaitRecord>): WaitRecord;
  addForm(form: Partial<InputForm>): WaitRecord;
}

export function memoryWaits(at: number): MemoryWaits {
  const records = new Map<string, WaitRecord>();
  const endings: WaitEnding[] = [];
  const store: ApiDeps['waits'] = {
    waits: async (filter, { limit, offset }) => {
      const items = [...records.values()].filter((wait) => matches(wait, filter)).reverse();
      return { items: items.slice(offset, offset + limit), total: items.length };
    },
    byToken: async (tokenHash) => [...records.values()].find((wait) => wait.tokenHash === tokenHash),
    async endWaits(asked) {
      const ended = new Set<string>();
      for (const ending of asked) {
        const wait = records.get(ending.waitId);
        if (wait === undefined || wait.ended !== undefined) continue;
        const { outcome, json, user } = ending;
        records.set(wait.waitId, {
          ...wait,
          ended: { at, outcome, ...(json === undefined ? {} : { json }), ...(user === undefined ? {} : { user }) },
        });
        endings.push(ending);
        ended.add(wait.waitId);
      }
      return ended;
    },
  };
  const add: MemoryWaits['add'] = (condition, more = {}) => {
    const waitId = String(records.size + 1);
    const record: WaitRecord = {
      waitId,
      key: '1',
      condition,
      onTimeout: 'fail',
      enteredAt: at,
      runKey: '1',
      dagId: 'sales',
      runId: 'r1',
      versionId: '1',
      taskInstanceId: '1',
      taskId: 'extract',
      mapIndex: -1,
      tryNumber: 1,
      ...more,
    };
    records.set(waitId, record);
    return record;
  };
  const addForm: MemoryWaits['addForm'] = (form) =>
    add({ kind: 'input', form: { subject: 'Load it?', schema: {}, assignees: [], ...form } });
  return { store, endings, add, addForm };
}

function matches(wait: WaitRecord, { dagId, runId, taskId, mapIndex, tryNumber, kinds, open }: WaitFilter): boolean {
  return (
    (dagId === undefined || wait.dagId === dagId) &&
    (runId === undefined || wait.runId === runId) &&
    (taskId === undefined || wait.taskId === taskId) &&
    (mapIndex === undefined || wait.mapIndex === mapIndex) &&
    (tryNumber === undefined || wait.tryNumber === tryNumber) &&
    (kinds === undefined || kinds.includes(wait.condition.kind)) &&
    (open === undefined || (wait.ended === undefined) === open)
  );
}
