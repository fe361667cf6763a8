/**
 * Freshness of assets: tells when data was not updated in time, and before, when it is expected not to be.
 *
 * It looks again when something is due, when a forecast may change, and when a DAG or a run changed; never only because time passed.
 */
import { type AssetFacts, type AssetSpec, forecast, freshnessNotices, freshnessOf, type Instant, type TaskDurations } from '@headrace/core';
import {
  type AssetStore,
  type DeadlineStore,
  type FreshnessExpectation,
  type Metrics,
  type NewNotice,
  type NoticeStore,
  noMetrics,
} from '@headrace/ports';
import type { DagVersions } from './dag-versions.ts';
import type { Duty } from './duty.ts';

const RUNS_OF_HISTORY = 10;
const SOONEST_MS = 1_000;
/** News may be missed; a due time moves with every event. */
const LATEST_MS = 300_000;

export interface FreshnessDutyOptions {
  readonly deadlines: Pick<DeadlineStore, 'expectations' | 'taskDurations'>;
  readonly assets: Pick<AssetStore, 'newestEvents'>;
  readonly notices: Pick<NoticeStore, 'tell'>;
  readonly versions: Pick<DagVersions, 'get'>;
  readonly metrics?: Metrics;
}

interface Expected {
  readonly at: Instant;
  readonly leapsAt: Instant;
}

export function createFreshnessDuty({ deadlines, assets, notices, versions, metrics = noMetrics }: FreshnessDutyOptions): Duty {
  /** Assets of which dashboards have been told. */
  const shown = new Set<string>();
  let nextAt = 0;
  let any = true;

  /** When the next run that makes the asset will have made it. Undefined: nobody knows. */
  async function updateOf(expectation: FreshnessExpectation, asset: AssetSpec, now: Instant): Promise<Expected | undefined> {
    const { dagId, versionId, activeRuns, nextDueAt } = expectation;
    const dag = await versions.get(versionId);
    const makers = dag.tasks.flatMap((task, index) => (task.outlets?.includes(asset.name) === true ? [index] : []));
    if (makers.length === 0) return undefined;
    const history = new Map(
      (await deadlines.taskDurations(dagId, RUNS_OF_HISTORY)).map((one): [string, TaskDurations] => [one.taskId, one]),
    );
    const coming = nextDueAt === undefined ? [] : [{ runAfter: nextDueAt, tasks: [] }];
    const found = (activeRuns.length > 0 ? activeRuns : coming).flatMap(({ runAfter, tasks }): Expected[] => {
      const expected = forecast(dag, tasks, history, now, runAfter);
      return expected === undefined
        ? []
        : [{ at: Math.min(...makers.map((task) => expected.finishes[task] ?? now)), leapsAt: expected.leapsAt }];
    });
    return found.sort((a, b) => a.at - b.at)[0];
  }

  return {
    name: 'freshness',
    concerns(event) {
      if (event.type !== 'dag' && !(event.type === 'run' && any)) return false;
      nextAt = 0;
      return true;
    },
    async perform(now) {
      if (now < nextAt) return { nextAt };
      const expectations = await deadlines.expectations();
      any = expectations.length > 0;
      let next = now + LATEST_MS;
      const told: NewNotice[] = [];
      const overdue = new Set<string>();
      const wanted = expectations.flatMap((one) => (one.spec.assets ?? []).filter((asset) => asset.freshness !== undefined));
      const events = wanted.length === 0 ? [] : await assets.newestEvents([...new Set(wanted.map((asset) => asset.name))]);
      const facts = new Map(events.map(({ asset, newest, newestPartition }) => [asset, factsOf(newest?.at, newestPartition?.partition)]));
      for (const expectation of expectations) {
        for (const asset of expectation.spec.assets ?? []) {
          const known = facts.get(asset.name) ?? {};
          const freshness = freshnessOf(asset, known, expectation.activeSince, now);
          if (freshness === undefined) continue;
          const { dueAt, missed } = freshness;
          shown.add(asset.name);
          if (missed) overdue.add(asset.name);
          const expected = missed ? undefined : await updateOf(expectation, asset, now);
          const late = expected !== undefined && expected.at > dueAt;
          told.push(...freshnessNotices(expectation, asset, known, freshness, late ? expected.at : undefined));
          if (missed) continue;
          const changes = expected === undefined || late ? dueAt : Math.min(now + (dueAt - expected.at), expected.leapsAt);
          next = Math.min(next, dueAt, Math.max(now + SOONEST_MS, changes));
        }
      }
      // One whose expectation was taken back is not late any more.
      for (const asset of shown) metrics.gauge('headrace_asset_overdue', overdue.has(asset) ? 1 : 0, { asset });
      if (told.length > 0) await notices.tell(told);
      nextAt = next;
      return { nextAt };
    },
  };
}

function factsOf(newestAt: Instant | undefined, newestPartition: string | undefined): AssetFacts {
  return {
    ...(newestAt === undefined ? {} : { newestAt }),
    ...(newestPartition === undefined ? {} : { newestPartition }),
  };
}
