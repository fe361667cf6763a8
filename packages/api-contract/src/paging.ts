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

/** A filter that is a `LIKE` pattern. */
export const Pattern = Type.String({ minLength: 1, maxLength: 300, description: '`%` stands for any text, `_` for any one character' });
