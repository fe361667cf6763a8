/** How an API gives its records piece by piece, as a DAG says it. A reading ends where the API says so, or with a page without records. */
import { DagDefinitionError } from '@headrace/sdk';
import { atLeastOne, wholeNumber } from '../http/traffic.ts';
import { singlePath } from './json-path.ts';

/** A parameter with which an API is told how many records a page is to have. It may give fewer: that is not taken for the end. */
export interface PageSize {
  readonly param: string;
  readonly value: number;
}

export interface PageNumberOptions {
  /** The parameter for the number of the page. Default `page`. */
  readonly param?: string;
  /** Of the first page. Default 1. */
  readonly first?: number;
  readonly size?: PageSize;
  /** A path to the number of pages there are. Without it, and without `more`, a page without records is the end. */
  readonly pages?: string;
  /** A path to whether there are more pages. */
  readonly more?: string;
}

export interface OffsetOptions {
  /** The parameter for the number of records to leave out. Default `offset`. */
  readonly param?: string;
  readonly limit?: PageSize;
  /** A path to the number of records there are. Without it a page without records is the end. */
  readonly total?: string;
}

export interface PageTokenOptions {
  /** A path to the token of the next page, for example `$.meta.next` or, of the last record, `$.items[-1].id`. None, null, false or an empty text is the end. */
  readonly next: string;
  /** The parameter that it is sent in. Default `cursor`. */
  readonly param?: string;
  readonly size?: PageSize;
  /** A path to whether there are more pages, for an API that gives a token with the last one, too. */
  readonly more?: string;
}

export interface NextUrlOptions {
  /** A path to the address of the next page, at the same host. */
  readonly next: string;
  readonly size?: PageSize;
}

export interface LinkHeaderOptions {
  /** Default `next`. */
  readonly rel?: string;
  readonly size?: PageSize;
}

/** As plain data. Made by `page`, `offset`, `cursor`, `nextUrl` and `linkHeader`. */
export type Pagination =
  | {
      readonly by: 'page';
      readonly param: string;
      readonly first: number;
      readonly size?: PageSize;
      readonly pages?: string;
      readonly more?: string;
    }
  | { readonly by: 'offset'; readonly param: string; readonly size?: PageSize; readonly total?: string }
  | { readonly by: 'cursor'; readonly param: string; readonly next: string; readonly size?: PageSize; readonly more?: string }
  | { readonly by: 'url'; readonly next: string; readonly size?: PageSize }
  | { readonly by: 'link'; readonly rel: string; readonly size?: PageSize };

/** Pages by number: `?page=1`, `?page=2` … Throws DagDefinitionError, as the others do. */
export function page({ param = 'page', first = 1, size, pages, more }: PageNumberOptions = {}): Pagination {
  return {
    by: 'page',
    param: named('page', param),
    first: wholeNumber('page, first', first),
    ...sized('page', size),
    ...path('page, pages', 'pages', pages),
    ...path('page, more', 'more', more),
  };
}

/** `?offset=0`, `?offset=100` … It goes on by as many records as came, whatever was asked for. */
export function offset({ param = 'offset', limit, total }: OffsetOptions = {}): Pagination {
  return { by: 'offset', param: named('offset', param), ...sized('offset', limit), ...path('offset, total', 'total', total) };
}

/** Each page holds the token of the next one. */
export function cursor({ next, param = 'cursor', size, more }: PageTokenOptions): Pagination {
  return {
    by: 'cursor',
    param: named('cursor', param),
    next: singlePath('cursor, next', next).text,
    ...sized('cursor', size),
    ...path('cursor, more', 'more', more),
  };
}

/** Each page holds the address of the next one. */
export function nextUrl({ next, size }: NextUrlOptions): Pagination {
  return { by: 'url', next: singlePath('nextUrl, next', next).text, ...sized('nextUrl', size) };
}

/** The address of the next page is in the header `Link` (RFC 8288). */
export function linkHeader({ rel = 'next', size }: LinkHeaderOptions = {}): Pagination {
  return { by: 'link', rel: named('linkHeader', rel), ...sized('linkHeader', size) };
}

function path<N extends string>(where: string, name: N, text: string | undefined): { readonly [K in N]?: string } {
  return (text === undefined ? {} : { [name]: singlePath(where, text).text }) as { readonly [K in N]?: string };
}

function sized(where: string, size: PageSize | undefined): { readonly size?: PageSize } {
  return size === undefined ? {} : { size: { param: named(where, size.param), value: atLeastOne(`${where}, ${size.param}`, size.value) } };
}

function named(where: string, name: string): string {
  if (typeof name === 'string' && name.trim() !== '') return name;
  throw new DagDefinitionError('HR_BAD_OPTION', `${where}: a name is empty`);
}
