/**
 * Reads the records of an API: page after page, as text through a pipe, into DuckDB. One page is in memory at a time.
 *
 * S1. A value is what the API has written: no number passes through a binary fraction.
 * S2. Nothing is left out silently: what cannot be read, or does not end, fails the reading, and nothing of it is handed on.
 */
import { Readable } from 'node:stream';
import {
  DataError,
  feedPipe,
  firstLines,
  ident,
  literal,
  MISMATCH_MARK,
  makePipe,
  parseExpression,
  type ReadOptions,
  type Relation,
  type SourceConnector,
  TypeMismatchError,
  type Work,
} from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import { type ApiAnswer, ApiClient } from '../http/api-client.ts';
import { type Endpoint, givenEndpoint, type QueryValue } from '../http/endpoint.ts';
import { jsonPath } from './json-path.ts';
import { type PageRequest, PageWalk } from './next-page.ts';
import { answerJson, MOST_RECORD_BYTES, RecordRows, recordsOf } from './page-records.ts';
import { lowerBound, upperBound } from './range-params.ts';
import type { RestSettings } from './rest.ts';

const CHUNK = 262_144;

export const restSource: SourceConnector = {
  async open(source, work, options) {
    const settings = source.settings as unknown as RestSettings;
    const columns = Object.entries(source.columns ?? {}).map(([name, type]): Column => ({ name, type }));
    const where = `${settings.name || '/'} of connection "${source.connection}"`;
    const params = { ...settings.params, ...rangeParams(settings, options) };
    // Here, so that a connection or a path that cannot be fails before anything is begun.
    new ApiClient(work.connection(source.connection), settings.traffic, work.signal, work.log).at(settings.name, params);
    const pipe = await makePipe(work.scratch, 'rest');
    return {
      ...reading(pipe, columns, where),
      feed: async (start) => {
        const limit = settings.timeoutMs === undefined ? undefined : AbortSignal.timeout(settings.timeoutMs);
        const signal = limit === undefined ? work.signal : AbortSignal.any([work.signal, limit]);
        const client = new ApiClient(work.connection(source.connection), settings.traffic, signal, work.log);
        try {
          const rows = new RecordRows(columns, settings.paths, settings.optional, where);
          return await feedPipe(
            pipe,
            Readable.from(pagesText(client, settings, params, rows, where, work), { objectMode: false }),
            start(),
          );
        } catch (error) {
          if (limit?.aborted === true && !work.signal.aborted)
            throw new DataError('HR_HTTP_TIMEOUT', `${where}: not read within ${settings.timeoutMs} ms`, { retryable: true });
          throw error;
        }
      },
    };
  },
};

async function* pagesText(
  client: ApiClient,
  settings: RestSettings,
  params: Readonly<Record<string, QueryValue>>,
  rows: RecordRows,
  where: string,
  work: Work,
): AsyncGenerator<Buffer> {
  const path = jsonPath(where, settings.records);
  const walk = new PageWalk(settings.paginate, settings.maxPages, where);
  let bytes = 0;
  let total: number | undefined;
  let asked: { readonly base: Endpoint; readonly url: URL } | undefined;
  let number = 0;
  for (let next: PageRequest | undefined = walk.first(); next !== undefined; ) {
    number += 1;
    const endpoint: Endpoint =
      'url' in next && asked !== undefined
        ? givenEndpoint(asked.base, asked.url, next.url)
        : client.at(settings.name, { ...params, ...('params' in next ? next.params : {}) });
    const answer = await ask(client, endpoint, settings.maxPageBytes);
    bytes += answer.body.length;
    const page = answer.status === 204 ? [] : answerJson(answer.body, `GET ${where}, page ${number},`);
    const records = answer.status === 204 ? [] : recordsOf(page, path, `${where}, page ${number}`);
    let text = '';
    for (const [index, record] of records.entries()) {
      text += rows.line(record, number, index + 1);
      if (text.length < CHUNK) continue;
      yield Buffer.from(text);
      text = '';
    }
    if (text !== '') yield Buffer.from(text);
    rows.endPage(number);
    total ??= walk.total(page);
    work.progress({ phase: 'reading', rows: rows.rows, bytes, ...(total === undefined ? {} : { totalRows: total }) });
    asked = { base: client.at(settings.name, {}), url: answer.url };
    next = walk.after({ body: page, headers: answer.headers, records: records.length });
  }
  rows.end();
  if (rows.repeated > 0)
    work.log.warn(
      `${where}: ${rows.repeated} records came twice, on two pages in succession: records moved while they were read. All are kept: load them with { merge: […] }, or ask for an order that does not change`,
      { repeated: rows.repeated },
    );
  if (total !== undefined && total !== rows.rows)
    work.log.warn(`${where}: the API said that there are ${total} records, and gave ${rows.rows}`, { total, rows: rows.rows });
  work.log.info(`${where}: ${rows.rows} records on ${number} pages`, { rows: rows.rows, pages: number, repeatedRequests: client.repeated });
}

async function ask(client: ApiClient, endpoint: Endpoint, maxBytes: number): Promise<ApiAnswer> {
  const call = { endpoint, method: 'GET', maxBytes } as const;
  const answer = await client.send(call);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw client.refusal(call, answer);
}

/** The wanted range, if the API can be asked for it. Whether records without a value in the column come along is the API's affair. */
function rangeParams({ incremental }: RestSettings, { range }: ReadOptions = {}): Readonly<Record<string, string>> {
  if (incremental === undefined || range === undefined || range.column !== incremental.column) return {};
  const { param, until, format, inclusive } = incremental;
  return {
    ...(range.from === undefined ? {} : { [param]: lowerBound(range.from, format, !inclusive) }),
    ...(range.to === undefined || until === undefined ? {} : { [until]: upperBound(range.to, format) }),
  };
}

function reading(pipe: string, columns: readonly Column[], where: string): Relation {
  const names = ['headrace_page', 'headrace_record', ...columns.map(({ name }) => name)];
  const types = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
  const rows = `read_csv(${literal(pipe)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', max_line_size = ${MOST_RECORD_BYTES}, buffer_size = ${MOST_RECORD_BYTES}, columns = {${types}})`;
  const place = `'page ' || headrace_page || ', record ' || headrace_record || ', '`;
  const parsed = columns.map((column) => `${parseExpression(ident(column.name), column, place)} as ${ident(column.name)}`);
  return { select: `select ${parsed.join(', ')} from ${rows}`, columns, explain: (error) => explain(error, where) };
}

function explain(error: unknown, where: string): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const mark = error instanceof DataError ? -1 : message.indexOf(MISMATCH_MARK);
  return mark < 0
    ? error
    : new TypeMismatchError(`${where}: ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
}
