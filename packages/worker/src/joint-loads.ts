/**
 * Loads that many ask for at once. Whoever asks is answered by a load that began after it asked, so that it sees what was true then; all
 * that ask while one is under way share the next one.
 */
export class JointLoads<Value> {
  readonly #running = new Map<string, Promise<Value>>();
  readonly #next = new Map<string, Promise<Value>>();

  get(key: string, load: () => Promise<Value>): Promise<Value> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#start(key, load);
    const waiting = this.#next.get(key);
    if (waiting !== undefined) return waiting;
    const begin = () => {
      this.#next.delete(key);
      return this.#start(key, load);
    };
    const next = running.then(begin, begin);
    this.#next.set(key, next);
    return next;
  }

  #start(key: string, load: () => Promise<Value>): Promise<Value> {
    const loading = load().finally(() => this.#running.delete(key));
    this.#running.set(key, loading);
    return loading;
  }
}
