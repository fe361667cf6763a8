/** By when runs must have succeeded. */
import type { DeadlineSpec, NoticeTarget } from '@headrace/core';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { checkId } from '../ids.ts';
import { wholeNumber } from '../options/checked-values.ts';
import { dateInstant } from '../schedule/dates.ts';
import { type Notifier, type Notifiers, notifierList } from './notify.ts';
import { targetsOf } from './occasions.ts';

/** From when it is counted. */
export type DeadlineStart =
  | 'run_queued'
  | 'logical_date'
  | 'interval_end'
  /** A moment. Without an offset it is local to the schedule's zone. */
  | { readonly at: string | Date }
  /** So long after the run was queued as the last successful runs took in the mean: `maxRuns` of them (default 10), and at least `minRuns` (default `maxRuns`). */
  | { readonly averageRuntime: { readonly maxRuns?: number; readonly minRuns?: number } };

export type DeadlineOptions = {
  readonly from: DeadlineStart;
  readonly notify: Notifiers;
  /** Whether a deadline that a run is expected to miss is told of before. Default true. */
  readonly predict?: boolean;
} & (
  | { /** After `from`. */ readonly within: Duration; readonly before?: never }
  | { /** Earlier than `from`. */ readonly before: Duration; readonly within?: never }
);

/** Made by `deadline`. */
export interface Deadline {
  /** `zone`: the schedule's. `tell` makes known to the DAG who is to be told. */
  spec(zone: string, tell: (notifier: Notifier) => NoticeTarget): DeadlineSpec;
}

/**
 * A deadline for every run of the DAG: `deadline('by_six', { from: 'interval_end', within: '6 hours', notify: notify.webhook('alerts') })`.
 * Throws HR_BAD_ID, HR_BAD_DURATION, HR_BAD_OPTION.
 */
export function deadline(name: string, options: DeadlineOptions): Deadline {
  checkId('deadline', name);
  const where = `deadline("${name}")`;
  const { from, notify, predict = true, within, before } = options;
  if ((within === undefined) === (before === undefined))
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}: say either "within" or "before"`);
  const withinMs = within === undefined ? -durationMs(`${where}, before`, before) : durationMs(`${where}, within`, within);
  const notifiers = notifierList(`${where}, notify`, notify);
  if (notifiers.length === 0) throw new DagDefinitionError('HR_BAD_OPTION', `${where}, notify: tells nobody`);
  startOf(where, from, 'UTC');
  return {
    spec: (zone, tell) => ({
      name,
      from: startOf(where, from, zone),
      withinMs: withinMs === 0 ? 0 : withinMs,
      predict,
      notify: targetsOf(notifiers, tell),
    }),
  };
}

function startOf(where: string, from: DeadlineStart, zone: string): DeadlineSpec['from'] {
  if (from === 'run_queued' || from === 'logical_date' || from === 'interval_end') return { kind: from };
  if (typeof from === 'object' && from !== null && 'at' in from)
    return { kind: 'fixed', at: dateInstant(`${where}, from.at`, from.at, zone) };
  if (typeof from === 'object' && from !== null && 'averageRuntime' in from) {
    const maxRuns = wholeNumber(`${where}, maxRuns`, from.averageRuntime.maxRuns ?? 10, 1);
    const minRuns = wholeNumber(`${where}, minRuns`, from.averageRuntime.minRuns ?? maxRuns, 1);
    if (minRuns > maxRuns) throw new DagDefinitionError('HR_BAD_OPTION', `${where}: minRuns is more than maxRuns`);
    return { kind: 'average_runtime', maxRuns, minRuns };
  }
  throw new DagDefinitionError(
    'HR_BAD_OPTION',
    `${where}, from: ${shown(from)} is none of 'run_queued', 'logical_date', 'interval_end', { at }, { averageRuntime }`,
  );
}
