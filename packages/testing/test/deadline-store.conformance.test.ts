import type { NewTaskInstance } from '@headrace/ports';
import { deadlineStoreConformance } from '@headrace/ports/conformance/deadline-store';
import * as jest from '@jest/globals';
import { createMemoryStore } from '../src/index.ts';

const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);

deadlineStoreConformance(jest, {
  name: 'Memory',
  async open() {
    let now = Date.UTC(2026, 0, 1);
    const store = createMemoryStore({ now: () => ++now });
    const { db } = store;
    return {
      deadlines: store.deadlines,
      notices: store.notices,
      now: async () => now,
      async saveDag(spec) {
        const bundle = { hash: spec.dagId, code: 'export default 1' };
        await store.catalog.saveFile({ file: `${spec.dagId}.ts`, dags: [{ spec, graphHash: spec.dagId }], bundle });
      },
      async trigger(dagId) {
        return (await store.commands.trigger({ dagId, params: {}, runType: 'manual', triggeredBy: 'test' })).runKey;
      },
      async start() {
        await store.scheduler.startRuns(SHARDS, 1_000, async ({ versionId }) =>
          db.versions.require(versionId).spec.tasks.map(
            (task): NewTaskInstance => ({
              taskId: task.taskId,
              state: { status: 'scheduled', attempt: 0 },
              queue: task.queue,
              pool: task.pool,
              poolSlots: task.poolSlots,
              priorityWeight: task.priorityWeight,
              maxTries: 1,
            }),
          ),
        );
      },
      async end(runKey, status, taskMs) {
        db.transaction(() => {
          for (const task of db.tasksOfRun.get(runKey)) {
            const times = { startedAt: now - taskMs, endedAt: now };
            db.tasks.change(task.taskInstanceId, { state: { status: 'success', attempt: 1 }, ...times });
          }
          db.runs.change(runKey, { status, endedAt: ++now });
        });
      },
      close: async () => {},
    };
  },
});
