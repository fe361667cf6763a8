/** How lists are asked for. */
import { Type } from 'typebox';

export const DEFAULT_PAGE = 50;
/** More is not refused but cut, as Airflow does: a client that asks for 1000 reads `total_entries` and goes on with `offset`. */
export const LARGEST_PAGE = 100;

export const paging = {
  limit: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: DEFAULT_PAGE,
    description: `At most ${LARGEST_PAGE} are given. 0 asks for the default.`,
  }),
  offset: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0, description: 'How many to pass over' }),
};

/** `order_by=-start_date`; may be repeated. */
export const orderBy = (...columns: string[]) =>
  Type.Array(Type.String(), { default: columns, maxItems: 8, description: 'Columns of the answer; `-` before one for descending order' });

/** For lists of any length: how to go on where a page ended, however deep in the list that is. Ours. */
export const cursorPaging = {
  cursor: Type.Optional(
    Type.String({
      maxLength: 2000,
      description: 'The next_cursor of the page before, with the same order_by; offset is not looked at. Empty: the first page',
    }),
  ),
};

/** In the answers of lists of any length. Ours. */
export const cursorAnswer = {
  next_cursor: Type.Union([Type.String(), Type.Null()], { description: 'Of the page after this one; null: this is the last' }),
  total_is_exact: Type.Boolean({
    description: 'False: the list is longer. Rows are counted up to 10 000 after the page, and total_entries is where counting ended',
  }),
};

/** A filter that is a `LIKE` pattern. */
export const Pattern = Type.String({
  minLength: 1,
  maxLength: 300,
  description: '`%` stands for any text, `_` for any one character; `a | b` is either',
});
