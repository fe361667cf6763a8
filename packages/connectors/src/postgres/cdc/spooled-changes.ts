import type { Column } from '@headrace/sdk';

/** CSV of changes: place, operation, time of the commit, then the values of the columns. */
export interface SpooledChanges {
  readonly file: string;
  readonly columns: readonly Column[];
  /** Bytes of the longest line; 0 where that is not known. */
  readonly longest: number;
  /** It can be read once, while it is written. */
  readonly pipe?: boolean;
}
