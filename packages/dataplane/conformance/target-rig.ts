/** What the parts of the targets' suite share. */
import type { Place } from '@headrace/sdk';
import type { Attempts, Row, TargetHarness } from './attempts.ts';

export type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface Rig {
  harness(): TargetHarness;
  attempts(): Attempts;
  /** Rows as a reader finds them, without the columns that dispositions add, in a fixed order. */
  rows(place: Place): Promise<readonly Row[]>;
  /** As `rows`, with `_valid_from`, `_valid_to` and `_deleted_at`. */
  versions(place: Place): Promise<readonly Row[]>;
}

/** In an order of their own, so that two lists of the same rows are equal. */
export function sorted(rows: readonly Row[]): readonly Row[] {
  const key = (row: Row): string => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
