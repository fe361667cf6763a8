/** Who is told of what becomes of runs and tasks, and by when something must have happened. In canonical form. */
import type { Instant, Milliseconds } from './instant.ts';

/** How a notice gets there. */
export type NoticeTarget =
  /** POSTs JSON. The URL, and the secret that signs it, are the connection's. */
  | { readonly kind: 'webhook'; readonly connection: string }
  /** Over SMTP, by the connection; default `smtp`. */
  | { readonly kind: 'email'; readonly connection: string; readonly to: readonly string[] }
  /** A function of the DAG file, run in a task process. */
  | { readonly kind: 'code'; readonly hook: string }
  /** An OpenLineage event, to where the installation sends them. No DAG says so. */
  | { readonly kind: 'lineage' };

export type TaskOccasion = 'success' | 'failure' | 'retry' | 'skipped';
export type RunOccasion = 'success' | 'failure';

export interface TaskNoticeSpec {
  readonly on: readonly TaskOccasion[];
  readonly via: NoticeTarget;
}

export interface RunNoticeSpec {
  readonly on: readonly RunOccasion[];
  readonly via: NoticeTarget;
}

/** Until when a run must have succeeded (Airflow's deadline alerts). */
export interface DeadlineSpec {
  readonly name: string;
  readonly from:
    | { readonly kind: 'run_queued' }
    | { readonly kind: 'logical_date' }
    | { readonly kind: 'interval_end' }
    | { readonly kind: 'fixed'; readonly at: Instant }
    /** The mean duration of the last successful runs, counted from when the run was queued; none while there are fewer than `minRuns`. */
    | { readonly kind: 'average_runtime'; readonly maxRuns: number; readonly minRuns: number };
  /** After the reference; may be negative. */
  readonly withinMs: Milliseconds;
  /** Also told when the run is expected to miss it. Default true. */
  readonly predict: boolean;
  readonly notify: readonly NoticeTarget[];
}
