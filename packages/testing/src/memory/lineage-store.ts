/** What tasks make of which data, as they last told. */
import { type DataReport, flowsOf, type LineageFlow, type LineageStore } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { TaskInstanceRow } from './rows.ts';
import type { MemoryTable } from './table.ts';

type Row = LineageFlow & { readonly told: string };

const tables = new WeakMap<MemoryDatabase, MemoryTable<Row>>();

function flowTable(db: MemoryDatabase): MemoryTable<Row> {
  const known = tables.get(db) ?? db.table<Row>('lineage_flow');
  tables.set(db, known);
  return known;
}

/** In the transaction of the outcome. What is as it was stays as it is. */
export function saveLineage(db: MemoryDatabase, task: TaskInstanceRow, { loads }: DataReport): void {
  const kept = flowTable(db);
  const { dagId, runId } = db.runs.require(task.runKey);
  for (const { inputs: _, ...flow } of loads.flatMap(flowsOf)) {
    const id = JSON.stringify([dagId, task.taskId, flow.written]);
    const told = JSON.stringify(flow);
    const before = kept.get(id);
    if (before?.told === told) continue;
    const row = { ...flow, dagId, taskId: task.taskId, runId, seenAt: db.now(), told };
    kept.put(id, row);
  }
}

export function createLineageStore(db: MemoryDatabase): LineageStore {
  const kept = flowTable(db);
  const key = ({ dagId, taskId, written }: LineageFlow): string => [dagId, taskId, written].join('\0');
  return {
    flows: async ({ written, reads, dagId, like }, limit) =>
      [...kept.rows()]
        .filter(
          (flow) =>
            (written?.includes(flow.written) ?? true) &&
            (reads === undefined || flow.reads.some((place) => reads.includes(place))) &&
            (dagId ?? flow.dagId) === flow.dagId &&
            (like === undefined || [flow.written, ...flow.reads].join(' ').includes(like)),
        )
        .sort((a, b) => (key(a) < key(b) ? -1 : 1))
        .slice(0, limit)
        .map(({ told: _, ...flow }) => flow),
  };
}
