/** Why a run came to be, from the records of what made it. */
import type { Instant } from '../model/dag.ts';
import type { RunType } from '../model/states.ts';
import { isoInstant } from '../notices/iso-instant.ts';

/** What is on record of a run's beginning. What is absent is not known, or had no part in it. */
export interface RunOrigin {
  readonly runType: RunType;
  /** `timetable`, `cli`, `rest_api`, `ui`, `test`, `asset`, `backfill`, `operator`. */
  readonly triggeredBy: string;
  readonly user?: string;
  readonly runAfter: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  readonly partitionKey?: string;
  /** Events of assets that made it, or let it go on. */
  readonly assetEvents?: readonly OriginEvent[];
  readonly backfill?: { readonly id: string; readonly user?: string };
  /** The task that asked for it. */
  readonly parent?: { readonly dagId: string; readonly runId: string; readonly taskId: string };
}

export interface OriginEvent {
  readonly asset: string;
  readonly partition?: string;
  readonly at: Instant;
  readonly source?: { readonly dagId: string; readonly runId: string; readonly taskId: string };
}

export interface RunReason {
  readonly cause: 'schedule' | 'asset' | 'backfill' | 'manual' | 'parent' | 'partition';
  readonly reason: string;
}

const MOST_EVENTS = 10;

const WAYS: Readonly<Record<string, string>> = {
  cli: 'on the command line',
  rest_api: 'over the API',
  ui: 'in the web interface',
  test: 'in a test',
};

/** The reasons, the one that decided first. There is always one. */
export function whyRun(run: RunOrigin): readonly RunReason[] {
  const reasons: RunReason[] = [];
  if (run.parent !== undefined) {
    const { dagId, runId, taskId } = run.parent;
    reasons.push({ cause: 'parent', reason: `Task "${taskId}" of run "${runId}" of DAG "${dagId}" asked for it` });
  }
  if (run.runType === 'backfill') reasons.push(backfill(run));
  if (run.runType === 'scheduled')
    reasons.push({ cause: 'schedule', reason: `Its schedule was due at ${isoInstant(run.runAfter)}${interval(run)}` });
  for (const event of (run.assetEvents ?? []).slice(0, MOST_EVENTS)) reasons.push({ cause: 'asset', reason: described(event) });
  const more = (run.assetEvents?.length ?? 0) - MOST_EVENTS;
  if (more > 0) reasons.push({ cause: 'asset', reason: `… and ${more} more events of assets` });
  if (run.runType === 'asset_triggered' && (run.assetEvents ?? []).length === 0) {
    reasons.push({ cause: 'asset', reason: 'The assets of its schedule had their events, which are no longer on record' });
  }
  if (reasons.length === 0) reasons.push(manual(run));
  if (run.partitionKey !== undefined) reasons.push({ cause: 'partition', reason: `It is of partition "${run.partitionKey}"` });
  return reasons;
}

function manual({ user, triggeredBy, runType }: RunOrigin): RunReason {
  const who = user === undefined ? 'Somebody' : `"${user}"`;
  const what = runType === 'asset_materialization' ? 'asked for the asset to be made' : 'asked for it';
  const way = WAYS[triggeredBy];
  return { cause: 'manual', reason: `${who} ${what}${way === undefined ? '' : ` ${way}`}` };
}

function backfill({ backfill: of, user = of?.user }: RunOrigin): RunReason {
  const by = user === undefined ? '' : `, which "${user}" asked for`;
  return { cause: 'backfill', reason: `It is part of ${of === undefined ? 'a backfill' : `backfill ${of.id}`}${by}` };
}

function interval({ intervalStart, intervalEnd }: RunOrigin): string {
  if (intervalStart === undefined || intervalEnd === undefined || intervalStart === intervalEnd) return '';
  return `, for the interval from ${isoInstant(intervalStart)} to ${isoInstant(intervalEnd)}`;
}

function described({ asset, partition, at, source }: OriginEvent): string {
  const of = partition === undefined ? '' : ` of partition "${partition}"`;
  const by = source === undefined ? 'from outside' : `by task "${source.taskId}" of run "${source.runId}" of DAG "${source.dagId}"`;
  return `Asset "${asset}" had an event${of} at ${isoInstant(at)}, ${by}`;
}
