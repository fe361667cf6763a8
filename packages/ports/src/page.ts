/** How lists are asked for and answered. */
import type { Instant } from '@headrace/core';

export interface Page {
  readonly limit: number;
  readonly offset: number;
  /** Column names of the API, `-` before one for descending order. Unknown ones throw UnknownOrderError. */
  readonly orderBy?: readonly string[];
}

export interface Listed<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** Bounds are inclusive (`gte`, `lte`) or exclusive (`gt`, `lt`). */
export interface Range {
  readonly gte?: Instant;
  readonly gt?: Instant;
  readonly lte?: Instant;
  readonly lt?: Instant;
}
