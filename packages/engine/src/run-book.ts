/**
 * The runs a scheduler has in hand, and what was heard of them and not yet decided upon.
 *
 * B1. An event is kept until it is taken, also while its run is being read: the snapshot may be older than the event.
 * B2. A run marked for reload keeps nothing: its rows tell everything.
 * B3. Only what was heard of a run puts its verification off. What the scheduler tells itself, a lost attempt or a time that has come,
 *     does not show that anything of the run is still told here.
 */
import type { Dag, Instant, RunEvent } from '@headrace/core';
import type { LoadedRun, StoreEvent } from '@headrace/ports';
import { ActiveRun } from './active-run.ts';

export type TaskMoved = Extract<StoreEvent, { type: 'task' }>;

export interface VerifyIntervals {
  /** A run of which nothing was heard for so long is compared with its rows; then after twice as long … */
  readonly verifyAfter: number;
  /** … and so on up to this. */
  readonly verifyAtMost: number;
}

export class RunBook {
  readonly #runs = new Map<string, ActiveRun>();
  readonly #toLoad = new Set<string>();
  #pending = new Map<string, RunEvent[]>();
  #heardWhileReading: TaskMoved[] | undefined;
  readonly #compiled: (versionId: string) => Promise<Dag>;
  readonly #intervals: VerifyIntervals;

  constructor(compiled: (versionId: string) => Promise<Dag>, intervals: VerifyIntervals) {
    this.#compiled = compiled;
    this.#intervals = intervals;
  }

  get size(): number {
    return this.#runs.size;
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  get hasToLoad(): boolean {
    return this.#toLoad.size > 0;
  }

  get(runKey: string): ActiveRun | undefined {
    return this.#runs.get(runKey);
  }

  runs(): IterableIterator<ActiveRun> {
    return this.#runs.values();
  }

  /** The runs that are in hand or marked to be read. */
  known(): ReadonlySet<string> {
    return new Set([...this.#runs.keys(), ...this.#toLoad]);
  }

  /** A task instance was moved by somebody else. Of a run that is not ours nothing is kept. */
  hear(event: TaskMoved): void {
    this.#heardWhileReading?.push(event);
    const task = this.#runs.get(event.runKey)?.nodeOf(event.taskInstanceId);
    if (task !== undefined) this.post(event.runKey, { type: 'task.moved', task, to: event.to });
  }

  post(runKey: string, event: RunEvent): void {
    const pending = this.#pending.get(runKey);
    if (pending === undefined) this.#pending.set(runKey, [event]);
    else pending.push(event);
  }

  /** What is to be decided now. What comes later is for the next time. */
  takePending(now: Instant): ReadonlyMap<ActiveRun, readonly RunEvent[]> {
    const taken = new Map<ActiveRun, readonly RunEvent[]>();
    for (const [runKey, events] of this.#pending) {
      const run = this.#runs.get(runKey);
      if (run === undefined) continue;
      if (events.some(({ type }) => type === 'task.moved')) this.#verifyLater(run, now, this.#intervals.verifyAfter);
      taken.set(run, events);
    }
    this.#pending = new Map();
    return taken;
  }

  reload(runKey: string): void {
    this.#toLoad.add(runKey);
  }

  reloadAll(): void {
    for (const runKey of this.#runs.keys()) this.#toLoad.add(runKey);
  }

  /** Marks runs that have been quiet for long, at most `limit` of them. */
  reloadQuiet(now: Instant, limit: number): void {
    for (const run of this.#runs.values()) {
      if (this.#toLoad.size >= limit) return;
      if (run.verifyAt > now) continue;
      this.#verifyLater(run, now, Math.min(run.verifyEveryMs * 2, this.#intervals.verifyAtMost));
      this.#toLoad.add(run.runKey);
    }
  }

  /** Takes up to `limit` runs off the list; they are no longer in hand until `read` brings them back. */
  takeToLoad(limit: number): readonly string[] {
    const taken = [...this.#toLoad].slice(0, limit);
    for (const runKey of taken) {
      this.#toLoad.delete(runKey);
      this.forget(runKey);
    }
    return taken;
  }

  /** Reads runs and takes those in hand that are running, with what was heard of them meanwhile. */
  async read(now: Instant, read: () => Promise<readonly LoadedRun[]>): Promise<readonly LoadedRun[]> {
    const heard: TaskMoved[] = [];
    this.#heardWhileReading = heard;
    try {
      const runs = await read();
      const taken = new Set<string>();
      for (const loaded of runs) {
        if (loaded.status !== 'running') continue;
        this.#adopt(loaded, await this.#compiled(loaded.versionId), now);
        taken.add(loaded.runKey);
      }
      this.#heardWhileReading = undefined;
      for (const event of heard) if (taken.has(event.runKey)) this.hear(event);
      return runs;
    } finally {
      this.#heardWhileReading = undefined;
    }
  }

  forget(runKey: string): void {
    this.#runs.delete(runKey);
    this.#pending.delete(runKey);
  }

  /** Neither in hand nor to be read: it is another's, or has ended. */
  letGo(runKey: string): void {
    this.#toLoad.delete(runKey);
    this.forget(runKey);
  }

  /** The tick settles the run: whatever its rows call for is decided, heard of or not. */
  #adopt(loaded: LoadedRun, dag: Dag, now: Instant): void {
    const run = new ActiveRun(loaded, dag);
    const known = this.#runs.get(run.runKey);
    this.#verifyLater(run, now, known?.verifyEveryMs ?? this.#intervals.verifyAfter);
    this.#runs.set(run.runKey, run);
    this.post(run.runKey, { type: 'tick' });
  }

  #verifyLater(run: ActiveRun, now: Instant, everyMs: number): void {
    run.verifyEveryMs = everyMs;
    run.verifyAt = now + everyMs;
  }
}
