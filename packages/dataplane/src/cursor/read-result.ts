import type { CursorMove } from '@headrace/sdk';
import type { ParquetFile, Relation } from '../relation.ts';

/** A source that was read, whole or only what is new. */
export interface ReadResult {
  /** What the source gave; its rows have been read. */
  readonly relation: Relation;
  /** The rows that are wanted. */
  readonly written: ParquetFile;
  /** Rows that were read again and had been loaded before. */
  readonly deduplicated: number;
  /** Absent for a run that moves no cursor. */
  readonly move?: CursorMove;
}
