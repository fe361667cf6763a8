/**
 * How many attempts a worker has in hand: one for each task process, and *ahead* of them as many as keep the processes busy while
 * claims and outcomes travel to the store and back.
 *
 * A1. `ahead` follows what attempts and round trips take: many for attempts shorter than a round trip, none for long ones.
 * A2. After an attempt that was claimed ahead found no process in time, none is claimed ahead until attempts are seen to be short again.
 */
export interface PlacesOptions {
  /** Task processes. */
  readonly size: number;
  readonly maxAhead: number;
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

  /** Takes a place. False: there is none, or the worker takes no more. */
  take(): boolean {
    if (this.#closed || this.#taken >= this.total) return false;
    this.#taken++;
    return true;
  }

  release(): void {
    this.#taken--;
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

  /** Whoever comes gets none. */
  close(): void {
    this.#closed = true;
  }

  #setAhead(ahead: number): void {
    if (ahead === this.#ahead) return;
    this.#ahead = ahead;
    this.#options.onChange(this.total);
  }
}
