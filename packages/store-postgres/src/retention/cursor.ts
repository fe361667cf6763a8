/** Where a step ended, as text: a time and an id, in the order in which rows are looked at. */

export interface Place {
  /** As Postgres writes it: to the microsecond. */
  readonly at: string;
  readonly id: string;
}

const BEGINNING: Place = { at: '-infinity', id: '0' };

export function cursorOf({ at, id }: Place): string {
  return JSON.stringify([at, id]);
}

export function placeOf(cursor: string | undefined): Place {
  if (cursor === undefined) return BEGINNING;
  const [at, id] = JSON.parse(cursor) as [string, string];
  return { at, id };
}
