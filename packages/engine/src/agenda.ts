/** What the scheduler's loop has to do, beside the events and readings of the runs in hand. */
export class Agenda {
  /** Schedules are due, or must be planned anew. */
  plan = true;
  /** Queued runs may start. */
  start = true;
  /** Tasks that wait may get a slot. */
  pick = false;
  /** The runs in hand may not be those that are ours. */
  adopt = false;
  /** Shards that became ours: whatever of them is in hand was another's meanwhile. */
  gained: readonly number[] = [];
  /** Tasks wait for a slot that some limit refuses them. */
  backlog = false;

  get isEmpty(): boolean {
    return !this.plan && !this.start && !this.pick && !this.adopt;
  }

  lookAtEverything(): void {
    this.plan = true;
    this.start = true;
    this.pick = true;
  }
}
