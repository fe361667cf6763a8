/** Columns that dispositions add to the user's own, by the same names in every target. */
import type { Column, Disposition } from '@headrace/sdk';
import type { Work } from './connector.ts';

/** By which an append finds its own rows again. Text. */
export const LOAD_COLUMN = '_headrace_load_id';
/** From when a version of a row was valid, inclusive. */
export const VALID_FROM = '_valid_from';
/** Until when, exclusive; null for the version that is valid now. */
export const VALID_TO = '_valid_to';
/** When a row was deleted softly; null for one that is there. */
export const DELETED_AT = '_deleted_at';

/** What a disposition adds to the columns of the rows. */
export function ownColumns(disposition: Disposition): readonly Column[] {
  if (disposition === 'append') return [{ name: LOAD_COLUMN, type: 'text' }];
  if (typeof disposition === 'string') return [];
  if ('scd2' in disposition) {
    return [
      { name: VALID_FROM, type: 'timestamptz' },
      { name: VALID_TO, type: 'timestamptz' },
    ];
  }
  return disposition.deletes?.mode === 'soft' ? [{ name: DELETED_AT, type: 'timestamptz' }] : [];
}

/** Whether a column is one of ours. */
export function isOwnColumn(name: string): boolean {
  return name === LOAD_COLUMN || name === VALID_FROM || name === VALID_TO || name === DELETED_AT;
}

/**
 * The instant that a load speaks of, by which versions begin and end and rows are deleted: the end of the run's interval, so that a
 * retry says the same; of a run without one, now.
 */
export function instantOf(context: Work['context']): Date {
  const { start, end } = context.interval;
  return start.getTime() < end.getTime() ? end : new Date();
}
