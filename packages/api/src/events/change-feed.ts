/**
 * What changes its state, told to everybody who follows.
 *
 * C1. However many follow, there is one listener and one reader of the database; while nobody follows there is none.
 * C2. Notifications are hints: which states things are in is read from their rows, and what differs from what was told last is told.
 *     A state that came and went between two looks is passed over; the state that lasts never is.
 * C3. Events are numbered in order. Who comes back with the number of the last event that it saw gets everything after it; if that is no
 *     longer kept, or another process told it, it gets `reset`: what it knows may be old, and has to be asked for anew.
 */
import { randomUUID } from 'node:crypto';
import type { Log, RunEvents, StateStore, StoreEvent } from '@headrace/ports';
import { type Change, KnownStates } from './known-states.ts';

/** Events are kept for those who come back, this many … */
const KEPT_EVENTS = 10_000;
/** … and this long after the last one has left. */
const LINGER_MS = 60_000;
/** Hints are gathered for so long before the rows are looked at. */
const GATHER_MS = 100;
/** A worker takes a task without a word: this often everything that is alive is looked at. */
const LOOK_MS = 1_000;

export interface FeedEvent {
  readonly number: number;
  readonly change: Change;
}

export interface Follower {
  onEvent(event: FeedEvent): void;
  /** Something may have been missed. */
  onReset(number: number, reason: string): void;
}

export interface ChangeFeedDeps {
  readonly events: RunEvents;
  readonly states: StateStore;
  readonly log: Log;
}

export class ChangeFeed {
  /** Of this process: numbers of another one mean nothing here. */
  readonly name = randomUUID().slice(0, 8);
  readonly #deps: ChangeFeedDeps;
  readonly #followers = new Set<Follower>();
  #kept: FeedEvent[] = [];
  #last = 0;
  #running: Promise<Run> | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor(deps: ChangeFeedDeps) {
    this.#deps = deps;
  }

  /** The number of the newest event. */
  get last(): number {
    return this.#last;
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Resolves when changes are seen. The answer ends it. Rejects when the database cannot be reached. */
  async follow(follower: Follower): Promise<() => void> {
    clearTimeout(this.#linger);
    this.#followers.add(follower);
    const leave = (): void => {
      if (!this.#followers.delete(follower) || this.#followers.size > 0) return;
      this.#linger = setTimeout(() => void this.#stop(), LINGER_MS);
      this.#linger.unref();
    };
    this.#running ??= this.#start();
    try {
      await this.#running;
    } catch (error) {
      this.#running = undefined;
      leave();
      throw error;
    }
    return leave;
  }

  /** Events after this one, if all of them are still there. */
  since(number: number): readonly FeedEvent[] | undefined {
    const oldest = this.#kept[0]?.number ?? this.#last + 1;
    return number > this.#last || number < oldest - 1 ? undefined : this.#kept.slice(number - oldest + 1);
  }

  async close(): Promise<void> {
    clearTimeout(this.#linger);
    await this.#stop();
  }

  async #start(): Promise<Run> {
    const run = new Run(this.#deps, {
      tell: (changes) => this.#tell(changes),
      reset: (reason) => this.#reset(reason),
    });
    await run.begin();
    return run;
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    // What happens while nobody listens is not kept: older numbers must not seem to lead on.
    this.#kept = [];
    this.#last++;
    await running?.then((run) => run.end()).catch(() => {});
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) {
      const event = { number: ++this.#last, change };
      this.#kept.push(event);
      for (const follower of this.#followers) follower.onEvent(event);
    }
    if (this.#kept.length > KEPT_EVENTS * 1.1) this.#kept = this.#kept.slice(-KEPT_EVENTS);
  }

  #reset(reason: string): void {
    this.#kept = [];
    this.#last++;
    for (const follower of this.#followers) follower.onReset(this.#last, reason);
  }
}

interface Told {
  tell(changes: readonly Change[]): void;
  reset(reason: string): void;
}

/** From the first follower to the last. */
class Run {
  readonly #deps: ChangeFeedDeps;
  readonly #told: Told;
  readonly #known = new KnownStates();
  readonly #hinted = new Set<string>();
  /** Looked at once more with the next look: what follows from a change comes a moment after it. */
  #again = new Set<string>();
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #soon = false;
  /** What is known was read since the connection was made. */
  #isFresh = false;
  #ended = false;
  #unlisten: () => Promise<void> = async () => {};

  constructor(deps: ChangeFeedDeps, told: Told) {
    this.#deps = deps;
    this.#told = told;
  }

  async begin(): Promise<void> {
    this.#unlisten = await this.#deps.events.listen({
      onEvents: (events) => this.#hear(events),
      onGap: () => {
        this.#isFresh = false;
        this.#told.reset('The database could not be reached for a while');
      },
    });
    await this.#look();
    this.#plan();
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#unlisten();
  }

  #hear(events: readonly StoreEvent[]): void {
    for (const event of events) if (event.type === 'task' || event.type === 'run') this.#hinted.add(event.runKey);
    if (this.#hinted.size > 0 && !this.#soon) {
      this.#soon = true;
      this.#plan();
    }
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    this.#timer = setTimeout(
      () => {
        this.#soon = false;
        this.#looking ??= this.#look()
          .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'what changed cannot be read at the moment'))
          .finally(() => {
            this.#looking = undefined;
            this.#plan();
          });
      },
      this.#soon ? GATHER_MS : LOOK_MS,
    );
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const hinted = [...this.#hinted];
    const keys = [...new Set([...hinted, ...this.#again])];
    this.#hinted.clear();
    try {
      const states = await this.#deps.states.states(keys);
      if (!this.#isFresh) {
        this.#known.begin(await this.#deps.states.states(states.runs.map(({ runKey }) => runKey)));
        this.#isFresh = true;
        return;
      }
      // A run that was running and no longer is has ended: how, and how its tasks did, is read in the same look.
      const gone = this.#known.running().filter((key) => !states.runs.some((run) => run.runKey === key));
      const rest = gone.length === 0 ? undefined : await this.#deps.states.states(gone);
      this.#again = new Set(hinted);
      const changes = [...this.#known.changes(states), ...(rest === undefined ? [] : this.#known.changes(rest))];
      for (const { runKey } of changes) this.#again.add(runKey);
      if (changes.length > 0) this.#told.tell(changes);
    } catch (error) {
      for (const key of keys) this.#hinted.add(key);
      throw error;
    }
  }
}
