import { DEFAULT_PAGE, LARGEST_PAGE } from '@headrace/api-contract';
import type { Listed, Page } from '@headrace/ports';

/** The page that a list's query asks for, cut to what one answer may hold. */
export function pageOf(query: {
  readonly limit: number;
  readonly offset: number;
  readonly order_by?: readonly string[];
  readonly cursor?: string;
}): Page {
  return {
    limit: Math.min(query.limit === 0 ? DEFAULT_PAGE : query.limit, LARGEST_PAGE),
    offset: query.offset,
    // Airflow's clients send several columns as one text, too.
    ...(query.order_by === undefined ? {} : { orderBy: query.order_by.flatMap(columnsIn) }),
    ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
  };
}

/** The same of a list that is asked for in a body. */
export function batchPageOf(body: {
  readonly page_limit: number;
  readonly page_offset: number;
  readonly order_by?: string | null;
  readonly cursor?: string;
}): Page {
  const { page_limit: limit, page_offset: offset, order_by: order, cursor } = body;
  return pageOf({
    limit: limit === 0 ? LARGEST_PAGE : limit,
    offset,
    order_by: order == null ? ['id'] : [order],
    ...(cursor === undefined ? {} : { cursor }),
  });
}

function columnsIn(text: string): readonly string[] {
  return text.split(',').map((column) => column.trim());
}

/** What the answer of a list of any length says of the list. */
export function listFacts({ total, totalIsExact = true, next }: Listed<unknown>) {
  return { total_entries: total, total_is_exact: totalIsExact, next_cursor: next ?? null };
}
