/** By what the lists of people's reads are narrowed. What is absent filters nothing. */
import type { RunStatus, RunType, TaskStatus } from '@headrace/core';
import type { OfDags, Range } from './page.ts';

/** Patterns are Airflow's: `%` and `_`, anywhere in the text, and `a | b` for either. */
export interface DagFilter extends OfDags {
  readonly dagIdPattern?: string;
  /** All of these. */
  readonly tags?: readonly string[];
  /** At least one of these. */
  readonly anyTags?: readonly string[];
  /** At least one of these. */
  readonly owners?: readonly string[];
  readonly paused?: boolean;
  readonly includeRemoved?: boolean;
  readonly hasImportErrors?: boolean;
  /** Of the newest run. */
  readonly lastRunStatus?: RunStatus;
  readonly bundleHash?: string;
  readonly hasAssetSchedule?: boolean;
  /** Its schedule waits for an asset of this name or URI. */
  readonly assetDependency?: string;
  /** A run is of one of these, and began and ended in these times. */
  readonly run?: { readonly statuses?: readonly RunStatus[]; readonly startedAt?: Range; readonly endedAt?: Range };
  /** Kinds of schedules. */
  readonly scheduleKinds?: readonly string[];
  /** Whether it is a favourite of the user. */
  readonly favorite?: { readonly user: string; readonly is: boolean };
}

export interface RunFilter extends OfDags {
  readonly dagId?: string;
  readonly statuses?: readonly RunStatus[];
  readonly runTypes?: readonly RunType[];
  readonly dagIdPattern?: string;
  readonly runIdPattern?: string;
  readonly userPattern?: string;
  readonly partitionKeyPattern?: string;
  /** A text within the params, as JSON writes them. */
  readonly paramsContain?: string;
  readonly versions?: readonly number[];
  readonly bundleHash?: string;
  readonly logicalDate?: Range;
  readonly runAfter?: Range;
  readonly startedAt?: Range;
  readonly endedAt?: Range;
  readonly updatedAt?: Range;
  /** Milliseconds, of runs that have ended. */
  readonly duration?: Range;
}

export interface TaskInstanceFilter extends OfDags {
  readonly dagId?: string;
  readonly runId?: string;
  readonly runIds?: readonly string[];
  readonly taskId?: string;
  /** Any of these. With `taskId`: both. */
  readonly taskIds?: readonly string[];
  readonly statuses?: readonly (TaskStatus | 'none')[];
  readonly queues?: readonly string[];
  readonly pools?: readonly string[];
  /** -1: not mapped. */
  readonly mapIndexes?: readonly number[];
  /** Only instances of mapped tasks. */
  readonly mapped?: boolean;
  readonly attempts?: readonly number[];
  readonly versions?: readonly number[];
  /** Kinds of tasks. */
  readonly kinds?: readonly string[];
  readonly kindPattern?: string;
  readonly dagIdPattern?: string;
  readonly runIdPattern?: string;
  readonly taskIdPattern?: string;
  readonly queuePattern?: string;
  readonly poolPattern?: string;
  readonly logicalDate?: Range;
  readonly runAfter?: Range;
  readonly startedAt?: Range;
  readonly endedAt?: Range;
  readonly updatedAt?: Range;
  /** Milliseconds, of what has ended. */
  readonly duration?: Range;
}

/** Results of tasks that have succeeded, as they are found in lists: without their values. */
export interface ResultFilter extends OfDags {
  readonly dagId?: string;
  readonly runId?: string;
  readonly taskId?: string;
  readonly mapIndexes?: readonly number[];
  readonly dagIdPattern?: string;
  readonly runIdPattern?: string;
  readonly taskIdPattern?: string;
  readonly logicalDate?: Range;
  readonly runAfter?: Range;
}

export interface ImportErrorFilter {
  /** Only errors of files that have DAGs, all of them among these. */
  readonly dagIds?: readonly string[];
  readonly filePattern?: string;
}
