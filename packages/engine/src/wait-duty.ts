/**
 * Ends waits: at their time, at their timeout, when an asset has an event, when a run or a task has come to a state. Calls of webhooks and
 * answers of people end theirs themselves, and attempts look at polls.
 *
 * D1. What was there before a timeout counts, also when nobody looked in time: a look comes before a wait is given up.
 * D2. Every wait for a run or an asset is looked at when it is entered, when it may have been met, and now and then in any case, so that
 *     lost news delays it and no more.
 */
import { afterWait, type Instant, isTerminal, judgeDue, judgeRun, taskNotices, waitedFor } from '@headrace/core';
import type {
  AssetEventRecord,
  AssetStore,
  Metrics,
  NewNotice,
  OpenWait,
  StoreEvent,
  WaitEnding,
  WaitStore,
  WatchedRun,
  WatchedRunFilter,
} from '@headrace/ports';
import type { DagVersions } from './dag-versions.ts';
import type { Duty, DutyReport } from './duty.ts';

export interface WaitDutyOptions {
  readonly store: WaitStore;
  readonly assets: Pick<AssetStore, 'eventsSince'>;
  /** What a task whose wait was given up tells is in its DAG's spec. */
  readonly versions: Pick<DagVersions, 'get'>;
  readonly metrics: Metrics;
}

type Outcome = Pick<WaitEnding, 'outcome' | 'json'>;

const AT_ONCE = 500;
/** Beyond so many runs that something was heard of, all waits for runs are looked at. */
const MOST_HEARD = 1_000;
const LOOK_AT_ALL_EVERY_MS = 10_000;
const TIDY_EVERY_MS = 60_000;

export function createWaitDuty(options: WaitDutyOptions): Duty {
  return new WaitDuty(options);
}

class WaitDuty implements Duty {
  readonly name = 'waits';
  readonly #options: WaitDutyOptions;
  /** Runs of which something was heard since the last look; only while somebody waits for any. */
  readonly #heard = new Set<string>();
  #watching = false;
  #lookedUpTo: string | undefined;
  #lookAtAllAt = 0;
  #tidyAt = 0;

  constructor(options: WaitDutyOptions) {
    this.#options = options;
  }

  concerns(event: StoreEvent): boolean {
    if (!this.#watching || (event.type !== 'run' && event.type !== 'task')) return false;
    if (event.type === 'task' && !isTerminal(event.to.status)) return false;
    this.#heard.add(event.runKey);
    return true;
  }

  async perform(now: Instant): Promise<DutyReport> {
    const { store } = this.#options;
    this.#watching = true;
    const standing = await store.standing();
    if (standing.runs) await this.#lookAtRuns(now);
    else this.#watchNothing();
    if (standing.assets) await this.#lookAtAssets();
    if (now >= this.#tidyAt) await this.#tidy(now);
    if (standing.nextDueAt === undefined) return {};
    if (standing.nextDueAt > now) return { nextAt: standing.nextDueAt };
    const due = await store.due(AT_ONCE);
    await this.#end(await Promise.all(due.map(async (wait) => [wait, await this.#atLast(wait)] as const)));
    if (due.length === AT_ONCE) return { more: true };
    // What is due and waited for by nobody must not wake us again.
    await this.#tidy(now);
    const { nextDueAt } = await store.standing();
    return nextDueAt === undefined ? {} : { nextAt: Math.max(nextDueAt, now + 1) };
  }

  #watchNothing(): void {
    this.#watching = false;
    this.#heard.clear();
  }

  async #tidy(now: Instant): Promise<void> {
    await this.#options.store.closeAbandoned(AT_ONCE);
    this.#tidyAt = now + TIDY_EVERY_MS;
  }

  /** Of a wait whose time is up. */
  async #atLast(wait: OpenWait): Promise<Outcome> {
    const { condition, timeoutAt = Number.POSITIVE_INFINITY } = wait;
    const event = condition.kind === 'asset' ? await this.#eventFor(wait) : undefined;
    return event !== undefined && event.at <= timeoutAt ? metBy(event) : { outcome: judgeDue(wait) };
  }

  async #lookAtRuns(now: Instant): Promise<void> {
    const heard = [...this.#heard];
    this.#heard.clear();
    if (now >= this.#lookAtAllAt || heard.length > MOST_HEARD) {
      await this.#lookAtRunsIn({});
      this.#lookAtAllAt = now + LOOK_AT_ALL_EVERY_MS;
      return;
    }
    if (heard.length > 0) await this.#lookAtRunsIn({ runKeys: heard });
    await this.#lookAtRunsIn(this.#lookedUpTo === undefined ? {} : { afterId: this.#lookedUpTo });
  }

  async #lookAtRunsIn(filter: WatchedRunFilter): Promise<void> {
    for (let page = filter; ; ) {
      const watched = await this.#options.store.watchedRuns(page, AT_ONCE);
      await this.#end(watched.map((wait) => [wait, outcomeOfRun(wait)] as const));
      const last = watched.at(-1)?.waitId;
      if (filter.runKeys === undefined && last !== undefined) this.#lookedUpTo = last;
      if (watched.length < AT_ONCE || last === undefined) return;
      page = { ...filter, afterId: last };
    }
  }

  async #lookAtAssets(): Promise<void> {
    for (let afterId: string | undefined; ; ) {
      const waits = await this.#options.store.assetWaits(afterId, AT_ONCE);
      await this.#end(await this.#outcomesOfAssets(waits));
      afterId = waits.at(-1)?.waitId;
      if (waits.length < AT_ONCE) return;
    }
  }

  /** Asks once for all that wait for the same: the first event after the earliest is also that of any other that it comes after. */
  async #outcomesOfAssets(waits: readonly OpenWait[]): Promise<readonly (readonly [OpenWait, Outcome | undefined])[]> {
    const groups = Map.groupBy(waits, ({ condition }) =>
      JSON.stringify(condition.kind === 'asset' ? [condition.name, condition.partition] : []),
    );
    const outcomes: [OpenWait, Outcome | undefined][] = [];
    for (const group of groups.values()) {
      let event: AssetEventRecord | undefined;
      for (const wait of group.toSorted((a, b) => sinceOf(a) - sinceOf(b))) {
        if (event === undefined || event.at <= sinceOf(wait)) event = await this.#eventFor(wait);
        // Those that follow wait since later: for them there is none either.
        if (event === undefined) break;
        outcomes.push([wait, metBy(event)]);
      }
    }
    return outcomes;
  }

  #eventFor(wait: OpenWait): Promise<AssetEventRecord | undefined> {
    const { condition } = wait;
    if (condition.kind !== 'asset') return Promise.resolve(undefined);
    return this.#options.assets.eventsSince(condition.name, condition.partition, sinceOf(wait));
  }

  async #end(judged: readonly (readonly [OpenWait, Outcome | undefined])[]): Promise<void> {
    const { store, metrics } = this.#options;
    const endings: WaitEnding[] = [];
    for (const [wait, outcome] of judged) if (outcome !== undefined) endings.push(await this.#ending(wait, outcome));
    if (endings.length === 0) return;
    const ended = await store.endWaits(endings);
    for (const { waitId, outcome } of endings) if (ended.has(waitId)) metrics.count('headrace_waits_ended_total', { outcome });
  }

  async #ending(wait: OpenWait, outcome: Outcome): Promise<WaitEnding> {
    const { to, reason } = afterWait(wait, outcome.outcome);
    const ending = { waitId: wait.waitId, to, reason, ...outcome };
    if (to === 'scheduled') return ending;
    const message = `Wait "${wait.key}" for ${waitedFor(wait.condition)} was given up at its timeout`;
    const error = { name: 'WaitTimeoutError', code: 'HR_WAIT_TIMEOUT', message, retryable: false };
    const notices = await this.#notices(wait, to, to === 'failed' ? { error } : { reason });
    return { ...ending, ...(to === 'failed' ? { error } : {}), ...(notices.length === 0 ? {} : { notices }) };
  }

  async #notices(
    wait: OpenWait,
    to: 'failed' | 'skipped',
    why: Pick<Parameters<typeof taskNotices>[1], 'error' | 'reason'>,
  ): Promise<readonly NewNotice[]> {
    const { attempt, condition } = wait;
    const { spec } = await this.#options.versions.get(wait.versionId);
    const task = spec.tasks.find(({ taskId }) => taskId === wait.taskId);
    if (task === undefined) return [];
    const waiting = condition.kind === 'input' ? 'awaiting_input' : 'deferred';
    return taskNotices(task, { ...wait, ...why }, { status: waiting, attempt }, { status: to, attempt });
  }
}

function sinceOf({ condition, enteredAt }: OpenWait): Instant {
  return (condition.kind === 'asset' ? condition.since : undefined) ?? enteredAt;
}

function metBy({ asset, partition, extra, at }: AssetEventRecord): Outcome {
  return { outcome: 'met', json: JSON.stringify({ asset, partition, extra, at }) };
}

function outcomeOfRun({ condition, run, tasks }: WatchedRun): Outcome | undefined {
  const judged = condition.kind === 'run' ? judgeRun(condition, run, tasks) : undefined;
  return judged === undefined ? undefined : { outcome: judged.outcome, json: JSON.stringify(judged.state) };
}
