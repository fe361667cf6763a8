import { taskQueueConformance } from '@headrace/ports/conformance/task-queue';
import * as jest from '@jest/globals';
import { MemoryBroker } from '../src/memory/task-queue.ts';

taskQueueConformance(jest, {
  name: 'the queue in memory',
  outageMs: 200,
  async open() {
    const spaces = new Map<string, MemoryBroker>();
    const of = (space: string): MemoryBroker => {
      const broker = spaces.get(space) ?? new MemoryBroker();
      spaces.set(space, broker);
      return broker;
    };
    return {
      queue: (space) => of(space).queue(),
      consumer: (space) => of(space).consumer(),
      forge: async (space, queue, id, data) => of(space).put(id, data, queue, 0),
      lose: async (space, message) => of(space).lose(message),
      async wipe() {
        for (const broker of spaces.values()) broker.wipe();
      },
      async cut() {
        const restores = [...spaces.values()].map((broker) => broker.cut());
        return async () => {
          for (const restore of restores) restore();
        };
      },
      async close() {},
    };
  },
});
