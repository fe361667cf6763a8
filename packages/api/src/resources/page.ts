import { DEFAULT_PAGE, LARGEST_PAGE } from '@headrace/api-contract';
import type { Page } from '@headrace/ports';

/** The page that a list's query asks for, cut to what one answer may hold. */
export function pageOf(query: { readonly limit: number; readonly offset: number; readonly order_by: readonly string[] }): Page {
  return { limit: Math.min(query.limit === 0 ? DEFAULT_PAGE : query.limit, LARGEST_PAGE), offset: query.offset, orderBy: query.order_by };
}
