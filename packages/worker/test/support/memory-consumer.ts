import type { TaskConsumer, TaskHandler, TaskMessage } from '@headrace/ports';

/** A queue in memory that keeps to the promised concurrency. */
export class MemoryConsumer implements TaskConsumer {
  readonly waiting: TaskMessage[] = [];
  readonly errors: unknown[] = [];
  concurrency = 0;
  peak = 0;
  passedOn = 0;
  #inFlight = new Set<Promise<void>>();
  #handler: TaskHandler | undefined;
  #draining = false;

  send(...messages: TaskMessage[]): void {
    this.waiting.push(...messages);
    this.#pump();
  }

  async start(_queues: readonly string[], concurrency: number, handler: TaskHandler): Promise<void> {
    this.#handler = handler;
    this.setConcurrency(concurrency);
  }

  setConcurrency(concurrency: number): void {
    this.concurrency = concurrency;
    this.#pump();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.waiting.length > 0 || this.#inFlight.size > 0)
      await Promise.race([...this.#inFlight, new Promise((resolve) => setImmediate(resolve))]);
  }

  async drain(): Promise<void> {
    this.#draining = true;
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  async close(): Promise<void> {}

  #pump(): void {
    while (!this.#draining && this.#handler !== undefined && this.#inFlight.size < this.concurrency) {
      const message = this.waiting.shift();
      if (message === undefined) return;
      const passOn = (): void => {
        this.waiting.push(message);
        this.passedOn++;
      };
      const handling = this.#handler(message, 'default', passOn)
        .catch((error: unknown) => {
          this.errors.push(error);
        })
        .finally(() => {
          this.#inFlight.delete(handling);
          this.#pump();
        });
      this.#inFlight.add(handling);
      this.peak = Math.max(this.peak, this.#inFlight.size);
    }
  }
}
