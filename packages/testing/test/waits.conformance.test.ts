import { admit } from '@headrace/core';
import { waitStoreConformance } from '@headrace/ports/conformance/wait-store';
import * as jest from '@jest/globals';
import { createMemoryStore } from '../src/index.ts';
import { dagSpec, taskSpec } from './support/specs.ts';

const SHARDS = Array.from({ length: 32 }, (_, shard) => shard);

waitStoreConformance(jest, {
  name: 'Memory',
  async open() {
    let passed = 0;
    let dags = 0;
    const store = createMemoryStore({ now: () => Date.now() + passed });
    const giveSlots = async () => (await store.scheduler.decide({ schedulerId: 's', runs: [] }, admit)).queued;
    return {
      waits: store.waits,
      attempts: store.attempts,
      scheduler: store.scheduler,
      commands: store.commands,
      giveSlots,
      async queued() {
        const spec = dagSpec(`waits-${++dags}`, [taskSpec('t')]);
        await store.catalog.saveFile({
          file: `${spec.dagId}.ts`,
          dags: [{ spec, graphHash: spec.dagId }],
          bundle: { hash: spec.dagId, code: '' },
        });
        const { runKey } = await store.commands.trigger({ dagId: spec.dagId, params: {}, runType: 'manual', triggeredBy: 'test' });
        const started = await store.scheduler.startRuns(SHARDS, 100, async () => [
          {
            taskId: 't',
            state: { status: 'scheduled', attempt: 0 },
            queue: 'default',
            pool: 'default_pool',
            poolSlots: 1,
            priorityWeight: 1,
            maxTries: 1,
          },
        ]);
        const run = started.find((one) => one.runKey === runKey);
        const queued = (await giveSlots()).find((one) => one.runKey === runKey);
        if (run === undefined || queued === undefined) throw new Error('the task got no slot');
        return { run, queued };
      },
      async pass(ms) {
        passed += ms;
      },
      close: async () => {},
    };
  },
});
