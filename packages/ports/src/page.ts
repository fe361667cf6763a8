/** How lists are asked for and answered. */
import type { Instant } from '@headrace/core';

export interface Page {
  readonly limit: number;
  readonly offset: number;
  /** Column names of the API, `-` before one for descending order. Unknown ones throw UnknownOrderError. */
  readonly orderBy?: readonly string[];
  /** The `next` of the page before, of a list in the same order: goes on after its last row, however far into the list that is. `offset` is not looked at. */
  readonly cursor?: string;
}

export interface Listed<T> {
  readonly items: readonly T[];
  /**
   * How long the whole list is, where that is known: counting ends `COUNTED_AHEAD` rows after the page, and then this is where it
   * ended. A long list may have been counted a moment ago. It is more than the page's end exactly when there is another page.
   */
  readonly total: number;
  /** False: the list is longer than `total`. Absent: it is exact. */
  readonly totalIsExact?: boolean;
  /** The cursor of the page after this one. Absent: there is none, or the list is of those that are short. */
  readonly next?: string;
}

/** How many rows after a page are counted at most. */
export const COUNTED_AHEAD = 10_000;

/** Bounds are inclusive (`gte`, `lte`) or exclusive (`gt`, `lt`). */
export interface Range {
  readonly gte?: Instant;
  readonly gt?: Instant;
  readonly lte?: Instant;
  readonly lt?: Instant;
}

/**
 * What lists of things that belong to DAGs have in common: they are of these DAGs only. Who may not see all DAGs asks with the ids of
 * those that they may see.
 */
export interface OfDags {
  /** Any of these; none, if it is empty. With `dagId`: both. */
  readonly dagIds?: readonly string[];
}

export class InvalidCursorError extends Error {
  readonly code = 'HR_INVALID_CURSOR';
  constructor() {
    super('The cursor is not one of a list in this order: send the next_cursor of the page before, with the same order_by');
    this.name = 'InvalidCursorError';
  }
}
