/**
 * What would become of the DAGs that are there when these files went live. Pure.
 *
 * P1. A DAG whose graph and code are those of its newest version is not in the plan: it would get no new version.
 */
import { type DagSpec, describeSchedule, diffSpecs, type Instant, isSameSpec, type SpecDiff } from '@headrace/core';
import { nextRunOf } from './lint.ts';

/** A DAG as it is now, or as it would be. */
export interface PlannedDag {
  readonly spec: DagSpec;
  /** Content hash of its code; absent where it is not known. */
  readonly bundleHash?: string;
}

export interface Addition {
  readonly dagId: string;
  readonly tasks: number;
  readonly schedule: string;
  /** Absent: its schedule makes no run, or does not tell. */
  readonly nextRun?: Instant;
  readonly paused: boolean;
}

export interface Change {
  readonly dagId: string;
  /** Empty where only code differs. */
  readonly diff: SpecDiff;
  readonly codeChanged: boolean;
  readonly nextRun?: Instant;
}

export interface Plan {
  /** What it is compared with, for people. */
  readonly against: string;
  readonly added: readonly Addition[];
  readonly removed: readonly string[];
  readonly changed: readonly Change[];
  readonly unchanged: number;
}

/** `kept`: DAGs of which nothing can be said, because the file that may define them does not load; they are not removed. */
export function makePlan(
  against: string,
  before: ReadonlyMap<string, PlannedDag>,
  after: ReadonlyMap<string, PlannedDag>,
  now: Instant,
  canRemove: boolean,
): Plan {
  const [added, changed]: [Addition[], Change[]] = [[], []];
  for (const [dagId, { spec, bundleHash }] of sorted(after)) {
    const nextRun = nextRunOf(spec, now);
    const next = nextRun === undefined ? {} : { nextRun };
    const old = before.get(dagId);
    if (old === undefined) {
      added.push({ dagId, tasks: spec.tasks.length, schedule: describeSchedule(spec.schedule), paused: spec.pausedUponCreation, ...next });
      continue;
    }
    const diff = diffSpecs(old.spec, spec);
    const codeChanged = old.bundleHash !== undefined && bundleHash !== undefined && old.bundleHash !== bundleHash;
    if (codeChanged || !isSameSpec(diff)) changed.push({ dagId, diff, codeChanged, ...next });
  }
  const removed = canRemove ? [...before.keys()].filter((dagId) => !after.has(dagId)).sort() : [];
  return { against, added, removed, changed, unchanged: after.size - added.length - changed.length };
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
