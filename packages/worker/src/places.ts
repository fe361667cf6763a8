/**
 * How many attempts a worker has in hand: one for each task process, and *ahead* of them as many as keep the processes busy while
 * claims and outcomes travel to the store and back.
 *
 * A1. `ahead` follows what attempts and round trips take: many for attempts shorter than a round trip, none for long ones.
 * A2. Who finds no place, because there are fewer than there were, waits for one a moment, not for as long as an attempt may run.
 * A3. After an attempt that was claimed ahead found no process in time, none is claimed ahead until attempts are seen to be short again.
 */
import type { Timers } from '@headrace/ports';

export interface PlacesOptions {
  /** Task processes. */
  readonly size: number;
  readonly maxAhead: number;
  readonly timers: Timers;
  /** Called with the new total whenever it changes. */
  onChange(places: number): void;
}

/** Share of the newest observation in the running averages. */
const WEIGHT = 0.2;
/** No attempt is taken to be shorter. */
const SHORTEST_MS = 0.05;
/** A message takes about as long to come as its claim, and both come in batches: twice the way there and back is bridged. */
const ROUND_TRIPS = 4;

export class Places {
  readonly #options: PlacesOptions;
  readonly #waiting: ((granted: boolean) => void)[] = [];
  #taken = 0;
  #ahead = 0;
  #runMs: number | undefined;
  #roundTripMs = 1;
  #closed = false;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get ahead(): number {
    return this.#ahead;
  }

  get total(): number {
    return this.#options.size + this.#ahead;
  }

  /** Takes a place, waiting for so many milliseconds at most. False: none was free, or the worker takes no more. */
  take(withinMs: number): Promise<boolean> | boolean {
    if (this.#closed) return false;
    if (this.#taken < this.total && this.#waiting.length === 0) {
      this.#taken++;
      return true;
    }
    return new Promise((resolve) => {
      const settle = (granted: boolean): void => {
        callOff();
        resolve(granted);
      };
      const callOff = this.#options.timers.after(withinMs, () => {
        this.#waiting.splice(this.#waiting.indexOf(settle), 1);
        resolve(false);
      });
      this.#waiting.push(settle);
    });
  }

  release(): void {
    this.#taken--;
    this.#grant();
  }

  /** From the arrival of a message to an attempt that could begin. */
  sawRoundTrip(ms: number): void {
    this.#roundTripMs += WEIGHT * (ms - this.#roundTripMs);
  }

  /** How long an attempt kept its process. */
  sawRun(ms: number): void {
    this.#runMs = this.#runMs === undefined ? ms : this.#runMs + WEIGHT * (ms - this.#runMs);
    const { size, maxAhead } = this.#options;
    const wanted = (size * ROUND_TRIPS * this.#roundTripMs) / Math.max(this.#runMs, SHORTEST_MS);
    this.#setAhead(Math.min(maxAhead, Math.round(wanted)));
  }

  /** An attempt claimed ahead found no process within this time. */
  waitedInVain(ms: number): void {
    this.#runMs = Math.max(this.#runMs ?? 0, ms);
    this.#setAhead(0);
  }

  /** Whoever waits, and whoever comes, gets none. */
  close(): void {
    this.#closed = true;
    for (const settle of this.#waiting.splice(0)) settle(false);
  }

  #setAhead(ahead: number): void {
    if (ahead === this.#ahead) return;
    this.#ahead = ahead;
    this.#options.onChange(this.total);
    this.#grant();
  }

  #grant(): void {
    while (this.#taken < this.total) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#taken++;
      next(true);
    }
  }
}
