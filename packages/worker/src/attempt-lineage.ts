/**
 * Tells of the attempts of this worker as OpenLineage events, by the outbox of notices.
 *
 * AL1. That an attempt has begun is told beside it: nothing waits for it, and if it fails, the end tells it once more.
 * AL2. How it ended is saved with its outcome or not at all.
 */
import type { Instant, TaskSpec } from '@headrace/core';
import type { LineageEvents } from '@headrace/lineage';
import type { ClaimedAttempt, Log, NewNotice, NoticeStore } from '@headrace/ports';
import type { ConnectionSettings } from '@headrace/sdk';
import type { AttemptResult } from '@headrace/task-runtime';

export interface AttemptLineageOptions {
  readonly events: LineageEvents;
  readonly store: Pick<NoticeStore, 'tell'>;
  readonly log: Log;
}

export class AttemptLineage {
  readonly #options: AttemptLineageOptions;
  #toTell: NewNotice[] = [];
  #telling: Promise<void> | undefined;

  constructor(options: AttemptLineageOptions) {
    this.#options = options;
  }

  started(claimed: ClaimedAttempt, task: TaskSpec | undefined): void {
    this.#toTell.push(this.#options.events.attemptStarted(claimed, task, claimed.claimedAt));
    this.#telling ??= this.#tell().finally(() => {
      this.#telling = undefined;
    });
  }

  ended(
    claimed: ClaimedAttempt,
    task: TaskSpec | undefined,
    { report, stopped, data }: AttemptResult,
    connections: readonly ConnectionSettings[],
    endedAt: Instant,
  ): readonly NewNotice[] {
    const urls = new Map(connections.map(({ id, url }) => [id, url]));
    const end = {
      startedAt: claimed.claimedAt,
      endedAt,
      report,
      cancelled: stopped === 'cancelled',
      ...(data === undefined ? {} : { data }),
    };
    return this.#options.events.attemptEnded(claimed, task, end, (connection) => urls.get(connection));
  }

  async close(): Promise<void> {
    await this.#telling;
  }

  /** One call at a time; the next takes all that came meanwhile. */
  async #tell(): Promise<void> {
    const { store, log } = this.#options;
    while (this.#toTell.length > 0) {
      const told = this.#toTell;
      this.#toTell = [];
      await store
        .tell(told)
        .catch((error: unknown) =>
          log.warn({ error, attempts: told.length }, 'the start of attempts could not be told; their end will tell it'),
        );
    }
  }
}
