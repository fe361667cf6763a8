/** Assets: data that tasks make and others wait for, and the partitions it comes in. In canonical form (plain JSON). */
import type { Instant, Milliseconds } from './instant.ts';
import type { NoticeTarget } from './notice-spec.ts';

export interface AssetSpec {
  /** Identifies the asset everywhere. */
  readonly name: string;
  readonly uri?: string;
  readonly group?: string;
  /** Not secret: it is shown, and never encrypted. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly partitions?: PartitionSpec;
  readonly freshness?: FreshnessSpec;
}

/** The newest event of the asset (of the partition that should be newest by then, when it has time partitions) must be younger than this. */
export interface FreshnessSpec {
  readonly withinMs: Milliseconds;
  readonly notify: readonly NoticeTarget[];
}

export type TimeUnit = 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

export type PartitionSpec =
  /** Keys: `2026-11-21T06`, `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4`, `2026`, local to the zone. */
  | { readonly kind: 'time'; readonly every: TimeUnit; readonly timezone: string; readonly startAt?: Instant }
  | { readonly kind: 'static'; readonly keys: readonly string[] }
  /** Keys are added while it runs, by tasks and by the API. */
  | { readonly kind: 'dynamic' }
  /** Several dimensions, by name. Keys are joined with `|` in the order of the names. */
  | { readonly kind: 'product'; readonly dimensions: Readonly<Record<string, Exclude<PartitionSpec, { readonly kind: 'product' }>>> };

/** From the partition of an event to the partition of the run that consumes it. */
export type PartitionMapping =
  | { readonly kind: 'identity' }
  /** To the coarser unit that holds it: one downstream run for each event. */
  | { readonly kind: 'to_unit'; readonly unit: TimeUnit }
  /** One downstream run for each window of the coarser unit, when every partition of the window has an event. */
  | { readonly kind: 'rollup'; readonly unit: TimeUnit }
  /** Only these keys count. */
  | { readonly kind: 'allowed'; readonly keys: readonly string[] }
  /** Time partitions shifted by so many of their units: −1 makes yesterday's event lead to today's run. */
  | { readonly kind: 'offset'; readonly by: number };

export type AssetCondition =
  | { readonly kind: 'asset'; readonly name: string; readonly mapping?: PartitionMapping }
  | { readonly kind: 'all'; readonly of: readonly AssetCondition[] }
  | { readonly kind: 'any'; readonly of: readonly AssetCondition[] };
