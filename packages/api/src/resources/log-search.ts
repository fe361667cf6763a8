/**
 * Search in the stored logs of a run: all tries of all its task instances, in the order in which they came to be. Ours.
 *
 * Q1. Bounded: an answer reads `MOST_BYTES` at most, takes `MOST_MS` at most, and holds `limit` lines; where it stopped, it says so, and
 *     gives a cursor to go on from.
 * Q2. Nothing is indexed: what is searched is read. Of a log that is being written, what is in the store is searched.
 */
import { LOG_LEVELS, type LogMatch, type LogMessage, LogSearchQuery, LogSearchResult } from '@headrace/api-contract';
import type { QueryStore, TaskInstanceRecord } from '@headrace/ports';
import { toInstant } from '../answers/date-times.ts';
import { parseLogLine } from '../answers/log-message.ts';
import { invalid } from '../http/api-problem.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { type Objects, readLogChunk } from './log-chunks.ts';
import { isLive } from './log-of-try.ts';

const CHUNK_BYTES = 1_048_576;
const MOST_BYTES = 64 * 1_048_576;
const MOST_MS = 5_000;
const INSTANCES_AT_ONCE = 100;

/** Where a search goes on: the place of a task instance among those of the run, the try, the offset in its log. */
interface Position {
  readonly instance: number;
  readonly attempt: number;
  readonly offset: number;
}

const START: Position = { instance: 0, attempt: 0, offset: 0 };

export const logSearchRoutes: Routes = async (app, { deps: { objects, queries, logKeyOf }, lookup }) => {
  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/logs/search',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'search_logs',
        tags: ['Task Instance'],
        description: 'Lines of the logs of a run, of all tries of its tasks. Bounded in bytes, in time and in lines: `cut` says by what.',
        params: path('dag_id', 'dag_run_id'),
        querystring: LogSearchQuery,
        response: answers(LogSearchResult, 'HR_DAG_NOT_FOUND', 'HR_RUN_NOT_FOUND'),
      },
    },
    async ({ params: { dag_id: dagId, dag_run_id: runId }, query }): Promise<LogSearchResult> => {
      const start = query.cursor === undefined ? START : positionOf(query.cursor);
      if (start === undefined)
        throw invalid({ field: 'query.cursor', message: 'is not a cursor of this API; leave it out to search from the start' });
      const matches = matcherOf(query);
      await lookup.run(dagId, runId);
      const search = new Search(objects, query.limit, matches);
      for await (const { tried, position } of triesFrom(queries, { dagId, runId }, query, start)) {
        if (!(await search.read(tried, tried.logKey ?? logKeyOf(tried), position))) break;
      }
      return search.result();
    },
  );
};

class Search {
  readonly #objects: Objects;
  readonly #limit: number;
  readonly #matches: (line: string) => LogMessage | undefined;
  readonly #startedAt = performance.now();
  readonly #found: LogMatch[] = [];
  #bytes = 0;
  #logs = 0;
  #stop: { readonly cut: 'matches' | 'bytes' | 'time'; readonly at: Position } | undefined;

  constructor(objects: Objects, limit: number, matches: (line: string) => LogMessage | undefined) {
    this.#objects = objects;
    this.#limit = limit;
    this.#matches = matches;
  }

  /** One log, from an offset. False: this was all that one answer may do. */
  async read(tried: TaskInstanceRecord, key: string, from: Position): Promise<boolean> {
    const live = isLive(tried);
    const { taskId, mapIndex, attempt } = tried;
    this.#logs++;
    for (let at = from; ; ) {
      const cut = this.#exhausted();
      if (cut !== undefined) return this.#stopAt(cut, at);
      const { lines, ends, next, atEnd } = await readLogChunk(this.#objects, key, at.offset, CHUNK_BYTES, live);
      this.#bytes += next - at.offset;
      for (const [index, line] of lines.entries()) {
        const message = this.#matches(line);
        if (message === undefined) continue;
        this.#found.push({ task_id: taskId, map_index: mapIndex, try_number: attempt, ...message });
        if (this.#found.length === this.#limit) return this.#stopAt('matches', { ...at, offset: ends[index] ?? next });
      }
      at = { ...at, offset: next };
      if (atEnd) return true;
    }
  }

  result(): LogSearchResult {
    return {
      matches: this.#found,
      cut: this.#stop?.cut ?? null,
      next_cursor: this.#stop === undefined ? null : cursorOf(this.#stop.at),
      scanned_bytes: this.#bytes,
      scanned_logs: this.#logs,
    };
  }

  #exhausted(): 'bytes' | 'time' | undefined {
    if (this.#bytes >= MOST_BYTES) return 'bytes';
    // However slow the store is, an answer brings the search on.
    return performance.now() - this.#startedAt >= MOST_MS && this.#bytes + this.#logs > 1 ? 'time' : undefined;
  }

  #stopAt(cut: 'matches' | 'bytes' | 'time', at: Position): false {
    this.#stop = { cut, at };
    return false;
  }
}

interface Tried {
  readonly tried: TaskInstanceRecord;
  readonly position: Position;
}

type Wanted = Pick<LogSearchQuery, 'task_id' | 'map_index' | 'try_number'>;

/** Tries that have a log, from a position on. Task instances are only ever added at the end. */
async function* triesFrom(
  queries: Pick<QueryStore, 'taskInstances' | 'tries'>,
  run: { readonly dagId: string; readonly runId: string },
  { task_id: taskId, map_index: mapIndex, try_number: tryNumber }: Wanted,
  start: Position,
): AsyncGenerator<Tried> {
  const filter = { ...run, ...(taskId === undefined ? {} : { taskId }) };
  for (let first = start.instance; ; first += INSTANCES_AT_ONCE) {
    const { items } = await queries.taskInstances(filter, { limit: INSTANCES_AT_ONCE, offset: first, orderBy: ['id'] });
    for (const [index, item] of items.entries()) {
      if (item.attempt === 0 || (mapIndex !== undefined && item.mapIndex !== mapIndex)) continue;
      const instance = first + index;
      for (const tried of item.attempt === 1 ? [item] : await queries.tries(item.taskInstanceId)) {
        if (tried.attempt === 0 || (tryNumber !== undefined && tried.attempt !== tryNumber)) continue;
        const isFirst = instance === start.instance;
        if (isFirst && tried.attempt < start.attempt) continue;
        const offset = isFirst && tried.attempt === start.attempt ? start.offset : 0;
        yield { tried, position: { instance, attempt: tried.attempt, offset } };
      }
    }
    if (items.length < INSTANCES_AT_ONCE) return;
  }
}

/** The message of a line that is looked for, else undefined. Most lines are known not to be by their text, unparsed. */
function matcherOf(query: LogSearchQuery): (line: string) => LogMessage | undefined {
  const text = query.text?.toLowerCase();
  // As it stands within JSON.
  const written = text === undefined ? undefined : JSON.stringify(text).slice(1, -1);
  const levels = query.level === undefined ? undefined : new Set<string>(LOG_LEVELS.slice(LOG_LEVELS.indexOf(query.level)));
  const from = instantOf(query.timestamp_gte, 'timestamp_gte');
  const to = instantOf(query.timestamp_lte, 'timestamp_lte');
  return (line) => {
    if (written !== undefined && text !== undefined) {
      const lower = line.toLowerCase();
      if (!lower.includes(written) && !lower.includes(text)) return undefined;
    }
    const message = parseLogLine(line);
    if (levels !== undefined && !levels.has(message.level ?? 'info')) return undefined;
    if (from !== undefined || to !== undefined) {
      const at = Date.parse(message.timestamp ?? '');
      // Of a line without a time nobody knows.
      if (Number.isNaN(at) || (from !== undefined && at < from) || (to !== undefined && at > to)) return undefined;
    }
    return text === undefined || saysIt(message, text) ? message : undefined;
  };
}

function saysIt({ event, fields }: LogMessage, text: string): boolean {
  if (event.toLowerCase().includes(text)) return true;
  if (fields === undefined) return false;
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return shown.join(' ').toLowerCase().includes(text);
}

function instantOf(text: string | undefined, name: string): number | undefined {
  const instant = toInstant(text);
  if (Number.isNaN(instant)) throw invalid({ field: `query.${name}`, message: `is no date that exists, "${text}"` });
  return instant;
}

function cursorOf({ instance, attempt, offset }: Position): string {
  return Buffer.from(`v1:${instance}:${attempt}:${offset}`).toString('base64url');
}

/** Undefined: no cursor of ours. */
function positionOf(cursor: string): Position | undefined {
  const [, instance, attempt, offset] =
    /^v1:(\d{1,9}):(\d{1,9}):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (instance === undefined || attempt === undefined || offset === undefined) return undefined;
  return { instance: Number(instance), attempt: Number(attempt), offset: Number(offset) };
}
