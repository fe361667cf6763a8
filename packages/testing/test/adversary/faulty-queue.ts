/** The queue as faults make it: messages are lost though taken, come late, come again; the whole queue is emptied or out of reach. */
import type { Dispatch, TaskQueue } from '@headrace/ports';
import type { MemoryBroker } from '../../src/memory/task-queue.ts';
import type { Fate } from './process.ts';

const LONGEST_DELAY_MS = 15_000;
const LONGEST_CUT_MS = 10_000;

export class FaultyQueue {
  readonly #broker: MemoryBroker;
  readonly #fate: Fate;
  /** A queue that has seen an id swallows a second message with it. */
  readonly #seen = new Set<string>();

  constructor(broker: MemoryBroker, fate: Fate) {
    this.#broker = broker;
    this.#fate = fate;
  }

  /** For one sender. */
  sender(): TaskQueue {
    const inner = this.#broker.queue();
    return {
      ...inner,
      send: async (batch) => {
        // Fails while the queue is out of reach.
        await inner.send([]);
        for (const dispatch of batch) this.#send(dispatch);
      },
    };
  }

  /** Strikes the queue itself, each second, for as long as there are faults. */
  strike(): void {
    const { random, faults, time, trace } = this.#fate;
    if (random.chance(faults.wipe)) {
      trace(() => 'the queue is emptied');
      this.#broker.wipe();
    }
    if (random.chance(faults.cutQueue)) {
      trace(() => 'the queue is out of reach');
      time.after(random.between(100, LONGEST_CUT_MS), this.#broker.cut());
    }
  }

  #send(dispatch: Dispatch): void {
    const { random, faults, time, trace } = this.#fate;
    const { attemptId, sequence, taskInstanceId, queue, priority } = dispatch;
    const id = `${attemptId}-${sequence}`;
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    const arrive = (): void => this.#broker.put(id, taskInstanceId, queue, priority);
    if (random.chance(faults.loseMessage)) {
      trace(() => `message ${id} is lost`);
      return;
    }
    if (random.chance(faults.repeatMessage)) time.after(random.between(1, LONGEST_DELAY_MS), arrive);
    if (random.chance(faults.delayMessage)) time.after(random.between(1, LONGEST_DELAY_MS), arrive);
    else arrive();
  }
}
