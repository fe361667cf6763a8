import type { TaskState, TaskStatus } from '@headrace/core';
import { poolStoreConformance } from '@headrace/ports/conformance/pool-store';
import * as jest from '@jest/globals';
import { createMemoryStore } from '../src/index.ts';

poolStoreConformance(jest, {
  name: 'Memory',
  async open() {
    const { db, pools, commands, catalog, scheduler } = createMemoryStore({ now: () => Date.UTC(2026, 0, 1) });
    let told: string[] = [];
    const stop = db.onEvents({
      onEvents: (events) => told.push(...events.flatMap((event) => (event.type === 'pool' ? [event.pool] : []))),
      onGap: () => {},
    });
    let tasks = 0;
    return {
      pools,
      async addTask(pool, poolSlots, status) {
        const dagId = `dag_${++tasks}`;
        const spec = {
          formatVersion: 1,
          dagId,
          tags: [],
          owners: [],
          schedule: { kind: 'manual' },
          catchup: { kind: 'off' },
          maxActiveRuns: 1,
          maxActiveTasks: 1,
          pausedUponCreation: false,
          paramsDefault: {},
          tasks: [],
        } as const;
        await catalog.saveFile({
          file: `${dagId}.ts`,
          dags: [{ spec, graphHash: dagId }],
          bundle: { hash: dagId, code: 'export default 1' },
        });
        const { runKey } = await commands.trigger({ dagId, params: {}, runType: 'manual', triggeredBy: 'test' });
        const row = { state: { status: 'scheduled', attempt: 0 }, queue: 'default', priorityWeight: 1, maxTries: 1 } as const;
        await scheduler.startRuns(ALL_SHARDS, 10, async () => [{ ...row, taskId: 'a', pool, poolSlots }]);
        db.transaction(() => {
          for (const { taskInstanceId } of [...db.tasksOfRun.get(runKey)]) db.tasks.change(taskInstanceId, { state: stateOf(status) });
        });
      },
      async told() {
        // News of a commit is delivered after it.
        await new Promise((resolve) => setImmediate(resolve));
        const heard = told;
        told = [];
        return heard;
      },
      close: async () => stop(),
    };
  },
});

function stateOf(status: TaskStatus): TaskState {
  return status === 'up_for_retry' || status === 'up_for_reschedule' ? { status, attempt: 0, dueAt: 0 } : { status, attempt: 0 };
}

const ALL_SHARDS = Array.from({ length: 32 }, (_, shard) => shard);
