/**
 * The places for handlers, shared by all queues of a consumer.
 *
 * P1. Never are more places granted than `limit`; after the limit was lowered, none is granted until enough were given back.
 * P2. Places are granted in the order in which they were asked for, so that no queue starves beside a full one.
 */
interface Waiter {
  readonly queue: string;
  grant(): void;
}

export class Places {
  #limit: number;
  #used = 0;
  #waiters: Waiter[] = [];

  constructor(limit: number) {
    this.#limit = checked(limit);
  }

  get used(): number {
    return this.#used;
  }

  setLimit(limit: number): void {
    this.#limit = checked(limit);
    this.#grant();
  }

  /** Takes a place, waiting for at most `patienceMs` (for ever when absent) or until the signal. False: none was had. */
  take(queue: string, signal: AbortSignal, patienceMs?: number): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#waiters.length === 0 && this.#used < this.#limit) {
      this.#used++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = (granted: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        resolve(granted);
      };
      const waiter: Waiter = { queue, grant: () => settle(true) };
      const giveUp = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        settle(false);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      if (patienceMs !== undefined) timer = setTimeout(giveUp, patienceMs);
      this.#waiters.push(waiter);
    });
  }

  /** Whether the holder of a place may use it for the next message of its queue: not while it is over the limit or another queue waits. */
  mayKeep(queue: string): boolean {
    return this.#used <= this.#limit && this.#waiters.every((waiter) => waiter.queue === queue);
  }

  release(): void {
    this.#used--;
    this.#grant();
  }

  #grant(): void {
    while (this.#used < this.#limit) {
      const waiter = this.#waiters.shift();
      if (waiter === undefined) return;
      this.#used++;
      waiter.grant();
    }
  }
}

function checked(limit: number): number {
  if (!Number.isInteger(limit) || limit < 0) throw new RangeError(`A concurrency is an integer of at least 0, not ${limit}`);
  return limit;
}
