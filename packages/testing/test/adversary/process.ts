/**
 * A process of the simulated system, and what stands between it and the world: every call of a port passes through here, and here it can
 * fail, be delayed, or be the last thing that the process does.
 */
import type { Clock, Timers } from '@headrace/ports';
import type { Random } from '../../src/virtual/random.ts';
import type { VirtualTime } from '../../src/virtual/virtual-time.ts';
import type { FaultRates } from './schedule.ts';

class InjectedError extends Error {
  readonly code = 'ECONNRESET';
  constructor(call: string, when: 'before' | 'after') {
    super(`${call}: the connection was lost ${when} it was carried out`);
    this.name = 'InjectedError';
  }
}

/** What all processes share. */
export interface Fate {
  readonly time: VirtualTime;
  readonly random: Random;
  /** None once all is well. */
  faults: FaultRates;
  readonly trace: (line: () => string) => void;
}

const LONGEST_DELAY_MS = 4_000;

export interface ProcessTraits {
  readonly leaseMs: number;
  /** Every call takes up to so long: of somebody whose hand is not on the store. */
  readonly slowMs: number;
}

export class SimProcess {
  readonly name: string;
  readonly #fate: Fate;
  readonly #skewMs: number;
  readonly #onDeath: () => void;
  readonly #traits: ProcessTraits;
  #cutOffUntil = 0;
  #alive = true;
  #pausedUntil = 0;
  #stalled: (() => void)[] = [];

  constructor(name: string, fate: Fate, traits: ProcessTraits, onDeath: () => void) {
    this.name = name;
    this.#fate = fate;
    this.#onDeath = onDeath;
    this.#traits = traits;
    this.#skewMs = Math.round((fate.random.next() * 2 - 1) * fate.faults.skewMs);
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#fate.time.now() < this.#pausedUntil;
  }

  readonly clock: Clock = {
    now: () => this.#fate.time.now() + this.#skewMs,
    monotonic: () => this.#fate.time.monotonic(),
  };

  readonly timers: Timers = {
    after: (milliseconds, ring) => {
      let calledOff = false;
      const callOff = this.#fate.time.after(milliseconds, () => this.run(() => void (calledOff || ring())));
      return () => {
        calledOff = true;
        callOff();
      };
    },
  };

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.timers.after(milliseconds, resolve));
  }

  /** Does the work when the process runs: never if it is dead, later if it stands still. */
  run(work: () => void): void {
    if (!this.#alive) return;
    if (this.paused) this.#stalled.push(work);
    else work();
  }

  kill(): void {
    if (!this.#alive) return;
    this.#fate.trace(() => `${this.name} dies`);
    this.#alive = false;
    this.#stalled = [];
    this.#onDeath();
  }

  /** The process and its children stand still; what they sent is on its way. */
  pause(milliseconds: number): void {
    if (!this.#alive || this.paused) return;
    this.#fate.trace(() => `${this.name} stands still for ${milliseconds} ms`);
    this.#pausedUntil = this.#fate.time.now() + milliseconds;
    this.#fate.time.after(milliseconds, () => this.resume());
  }

  /** Whatever held it up is over. */
  resume(): void {
    this.#pausedUntil = 0;
    this.#cutOffUntil = 0;
    const stalled = this.#stalled;
    this.#stalled = [];
    for (const work of stalled) this.run(work);
  }

  /** The port as this process sees it. All its functions must be asynchronous. */
  behind<Port extends object>(what: string, port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...given: unknown[]) =>
          this.#call(`${what}.${String(name)}`, () => Reflect.apply(method, target, given) as Promise<unknown>);
      },
    });
  }

  async #call(what: string, carryOut: () => Promise<unknown>): Promise<unknown> {
    const { time, random, faults, trace } = this.#fate;
    const { leaseMs, slowMs } = this.#traits;
    if (!this.#alive) return NEVER;
    if (random.chance(faults.cutOff)) this.#cutOffUntil = time.now() + random.between(100, 2 * leaseMs);
    if (random.chance(faults.pause)) this.pause(random.between(100, 3 * leaseMs));
    if (random.chance(faults.kill)) {
      // What was sent may still arrive.
      const arrives = random.chance(0.5);
      trace(() => `${this.name} dies ${arrives ? 'after' : 'before'} ${what}`);
      if (arrives) carryOut().catch(() => {});
      this.kill();
      return NEVER;
    }
    if (slowMs > 0) await time.sleep(random.between(0, slowMs));
    if (random.chance(faults.delay)) await time.sleep(random.between(1, LONGEST_DELAY_MS));
    if (time.now() < this.#cutOffUntil || random.chance(faults.errorBefore)) {
      trace(() => `${this.name} ${what}: fails, not carried out`);
      return this.#answer(() => Promise.reject(new InjectedError(what, 'before')));
    }
    trace(() => `${this.name} ${what}`);
    const answer = carryOut();
    // The process may be dead by the time it would look at it.
    answer.catch(() => {});
    if (random.chance(faults.errorAfter)) {
      await answer.catch(() => {});
      trace(() => `${this.name} ${what}: fails, carried out`);
      return this.#answer(() => Promise.reject(new InjectedError(what, 'after')));
    }
    if (random.chance(faults.delay)) {
      await time.sleep(random.between(1, LONGEST_DELAY_MS));
    }
    return this.#answer(() => answer);
  }

  /** Hands the answer over when the process runs. */
  #answer(answer: () => Promise<unknown>): Promise<unknown> {
    if (this.#alive && !this.paused) return answer();
    return new Promise((resolve) => this.run(() => resolve(answer())));
  }
}

const NEVER = new Promise<never>(() => {});
