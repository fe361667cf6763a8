/** What tasks make of which data, as they last told. */
import { type DataReport, flowsOf, type LineageFlow, type LineageStore } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import type { RunRow, TaskInstanceRow } from './rows.ts';
import type { MemoryTable } from './table.ts';

type Row = LineageFlow & { readonly told: string };

/** What is as it was is not written down each time. */
const FRESH_FOR_MS = 3_600_000;

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
    const now = db.now();
    if (before?.told === told && before.seenAt > now - FRESH_FOR_MS) continue;
    kept.put(id, { ...flow, dagId, taskId: task.taskId, runId, seenAt: now, told });
  }
}

/** Before these runs go: what they told last goes with them, unless a later one may have told the same. */
export function forgetLineage(db: MemoryDatabase, runs: readonly RunRow[]): void {
  const kept = flowTable(db);
  const going = new Set(runs.map(({ runKey }) => runKey));
  for (const flow of [...kept.rows()]) {
    const run = runs.find(({ dagId, runId }) => dagId === flow.dagId && runId === flow.runId);
    if (run === undefined) continue;
    const [next] = [...db.runsOfDag.get(run.dagId)]
      .filter(({ runKey, runAfter }) => !going.has(runKey) && (runAfter - run.runAfter || Number(runKey) - Number(run.runKey)) > 0)
      .sort((a, b) => a.runAfter - b.runAfter || Number(a.runKey) - Number(b.runKey));
    const id = JSON.stringify([flow.dagId, flow.taskId, flow.written]);
    if (next?.startedAt !== undefined && next.startedAt <= flow.seenAt + FRESH_FOR_MS) kept.put(id, { ...flow, runId: next.runId });
    else kept.delete(id);
  }
}

/** With their DAG. */
export function forgetLineageOf(db: MemoryDatabase, dagId: string): void {
  const kept = flowTable(db);
  for (const flow of [...kept.rows()]) if (flow.dagId === dagId) kept.delete(JSON.stringify([flow.dagId, flow.taskId, flow.written]));
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
    newestVersions: async (limit) =>
      [...db.dags.rows()]
        .flatMap(({ dagId, versionId, removedAt }) => (versionId === undefined || removedAt !== undefined ? [] : [{ dagId, versionId }]))
        .sort((a, b) => (a.dagId < b.dagId ? -1 : 1))
        .slice(0, limit),
    declared: async (versionIds) =>
      [...new Set(versionIds)].flatMap((versionId) =>
        (db.versions.get(versionId)?.spec.tasks ?? []).flatMap(({ taskId, inlets = [], outlets = [] }) =>
          inlets.length + outlets.length === 0 ? [] : [{ versionId, taskId, inlets, outlets }],
        ),
      ),
  };
}
