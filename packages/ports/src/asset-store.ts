/** Assets, their events and partitions. */

/** An event as whoever makes it gives it. */
export interface NewAssetEvent {
  readonly asset: string;
  readonly partition?: string;
  /** e.g. `{ rowCount: 12 }`. Not secret. */
  readonly extra?: Readonly<Record<string, unknown>>;
}
