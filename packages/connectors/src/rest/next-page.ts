/**
 * Which page is asked for next. Pure: a page in, the next request out.
 *
 * P1. The end is where the API says so, or a page without records; never a page that is shorter than was asked for.
 * P2. No page is asked for twice, and there are no more than `maxPages`: an API that goes round in a circle ends in an error.
 */
import { DataError } from '@headrace/dataplane';
import { exactText, kindOf } from './exact-json.ts';
import { jsonPath, valueAt } from './json-path.ts';
import { linkOf } from './link-header.ts';
import type { Pagination } from './pagination.ts';

/** What is sent besides the parameters of the DAG, or the address that replaces all of them. */
export type PageRequest = { readonly params: Readonly<Record<string, string>> } | { readonly url: string };

export interface PageSeen {
  readonly body: unknown;
  readonly headers: Headers;
  /** Number of its records. */
  readonly records: number;
}

export class PageWalk {
  readonly #pagination: Pagination | undefined;
  readonly #maxPages: number;
  readonly #shown: string;
  readonly #asked = new Set<string>();
  #pages = 0;
  #records = 0;

  constructor(pagination: Pagination | undefined, maxPages: number, shown: string) {
    this.#pagination = pagination;
    this.#maxPages = maxPages;
    this.#shown = shown;
  }

  first(): PageRequest {
    const { by } = this.#pagination ?? {};
    return this.#asking(by === 'page' || by === 'offset' ? this.#numbered(0) : { params: this.#size() });
  }

  /** Undefined after the last page. Throws DataError: HR_REST_ENDLESS, HR_REST_PAGE. */
  after(page: PageSeen): PageRequest | undefined {
    this.#pages += 1;
    this.#records += page.records;
    const next = this.#next(page);
    if (next === undefined) return undefined;
    if (this.#pages >= this.#maxPages)
      throw new DataError(
        'HR_REST_ENDLESS',
        `${this.#shown} has more than ${this.#maxPages} pages: narrow what is asked for, or raise maxPages`,
      );
    return this.#asking(next);
  }

  /** How many records there are, if the API says so. */
  total(body: unknown): number | undefined {
    const pagination = this.#pagination;
    if (pagination?.by !== 'offset' || pagination.total === undefined) return undefined;
    return this.#count(body, 'total', pagination.total);
  }

  #next({ body, headers, records }: PageSeen): PageRequest | undefined {
    const pagination = this.#pagination;
    switch (pagination?.by) {
      case undefined:
        return undefined;
      case 'page': {
        const { pages, more } = pagination;
        if (more !== undefined) return this.#more(body, more) ? this.#numbered(this.#pages) : undefined;
        if (pages !== undefined) return this.#pages < this.#count(body, 'pages', pages) ? this.#numbered(this.#pages) : undefined;
        return records === 0 ? undefined : this.#numbered(this.#pages);
      }
      case 'offset': {
        const total = this.total(body);
        return records === 0 || (total !== undefined && this.#records >= total) ? undefined : this.#numbered(this.#records);
      }
      case 'cursor': {
        if (pagination.more !== undefined && !this.#more(body, pagination.more)) return undefined;
        const token = this.#token(body, pagination.next);
        return token === undefined ? undefined : { params: { ...this.#size(), [pagination.param]: token } };
      }
      case 'url': {
        const url = this.#token(body, pagination.next);
        return url === undefined ? undefined : { url };
      }
      case 'link': {
        const url = linkOf(headers.get('link') ?? '', pagination.rel);
        return url === undefined ? undefined : { url };
      }
    }
  }

  /** Of pages or records that went before. */
  #numbered(before: number): PageRequest {
    const pagination = this.#pagination;
    if (pagination?.by !== 'page' && pagination?.by !== 'offset') return { params: {} };
    const number = pagination.by === 'page' ? pagination.first + before : before;
    return { params: { ...this.#size(), [pagination.param]: String(number) } };
  }

  #size(): Readonly<Record<string, string>> {
    const size = this.#pagination?.size;
    return size === undefined ? {} : { [size.param]: String(size.value) };
  }

  #asking(request: PageRequest): PageRequest {
    const identity = 'url' in request ? request.url : JSON.stringify(request.params);
    if (this.#asked.has(identity))
      throw new DataError(
        'HR_REST_ENDLESS',
        `${this.#shown}: page ${this.#pages} names as the next one a page that was read before (${identity.slice(0, 200)}); the API goes round in a circle`,
      );
    this.#asked.add(identity);
    return request;
  }

  #token(body: unknown, path: string): string | undefined {
    const value = valueAt(body, jsonPath('next', path));
    if (value === undefined || value === null || value === '' || value === false) return undefined;
    const text = exactText(value);
    if (text === null || typeof value === 'boolean' || text.startsWith('{') || text.startsWith('['))
      throw this.#strange('next', path, value, 'a text or a number');
    return text;
  }

  #more(body: unknown, path: string): boolean {
    const value = valueAt(body, jsonPath('more', path));
    if (value === undefined || value === null || value === false) return false;
    if (value === true) return true;
    throw this.#strange('more', path, value, 'true or false');
  }

  #count(body: unknown, what: string, path: string): number {
    const value = valueAt(body, jsonPath(what, path));
    const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
    throw this.#strange(what, path, value, 'a number');
  }

  #strange(what: string, path: string, value: unknown, expected: string): DataError {
    return new DataError('HR_REST_PAGE', `${this.#shown}: "${what}" (${path}) of page ${this.#pages} is ${kindOf(value)}, not ${expected}`);
  }
}
