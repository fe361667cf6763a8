/**
 * The log of an attempt while it is written, as server-sent events. Ours.
 *
 * Worker and API share no machine: the worker puts the log into the object store every two seconds while it grows, and this looks there.
 *
 * V1. Each line comes once, in order, with an id: who comes back with it (`Last-Event-ID`) gets what follows it. The ids are those of the
 *     tokens of the log's own address.
 * V2. The last event is `end`, with the state that the attempt came to. Nothing can follow it: the state is asked for before the rest is read.
 * V3. However many follow a log, it is looked at once in a while; and no more than `MOST_FOLLOWERS` follow at once.
 */

import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { LiveLogHeaders } from '@headrace/api-contract';
import type { TaskInstanceRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { parseLogLine } from '../answers/log-message.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { EVENT_STREAM_HEADERS, formatEvent } from '../http/event-stream.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { KeptAnswers } from './kept-answers.ts';
import { type Objects, offsetOf, readLogChunk, tokenOf } from './log-chunks.ts';
import { isLive, tryOf, withoutLog } from './log-of-try.ts';

const CHUNK_BYTES = 256 * 1024;
const LOOK_MS = 500;
/** When there was nothing new for a while. */
const LOOK_SELDOM_MS = 2_000;
const QUIET_AFTER_MS = 30_000;
const KEEP_ALIVE_MS = 15_000;
const MOST_FOLLOWERS = 500;

export const liveLogRoutes: Routes = async (app, { deps: { objects, logKeyOf }, lookup }) => {
  const stopping = new AbortController();
  const tries = new KeptAnswers<TaskInstanceRecord>(LOOK_MS * 0.9);
  const heads = new KeptAnswers<Awaited<ReturnType<Objects['head']>>>(LOOK_MS * 0.9);
  const seen: Objects = { get: (key, range) => objects.get(key, range), head: (key) => heads.get(key, () => objects.head(key)) };
  let followers = 0;
  // The server waits for all connections: those that would not end by themselves are ended.
  app.addHook('preClose', async () => stopping.abort());

  app.get(
    '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id/:map_index/logs/:try_number/live',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'follow_log',
        tags: ['Task Instance'],
        description:
          'Server-sent events: `line` with a log message as data, `end` with the state of the attempt; comments in between. Comes back to where it was with `Last-Event-ID`.',
        params: path('dag_id', 'dag_run_id', 'task_id', 'map_index', 'try_number'),
        headers: LiveLogHeaders,
        forms: ['text/event-stream'],
        response: answers(Type.String(), 'HR_TASK_INSTANCE_NOT_FOUND', 'HR_TRY_NOT_FOUND', 'HR_TOO_MANY_FOLLOWERS'),
      },
    },
    async ({ params, headers }, reply) => {
      const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex, try_number: tryNumber } = params;
      const last = headers['last-event-id'];
      const offset = last === undefined || last === '' ? 0 : offsetOf(last);
      if (offset === undefined) throw invalid({ field: 'header.Last-Event-ID', message: 'is not an id of this stream' });
      if (followers >= MOST_FOLLOWERS)
        throw new ApiProblem(
          'HR_TOO_MANY_FOLLOWERS',
          `${MOST_FOLLOWERS} logs are followed through this API already: ask another, or later`,
        );
      const look = () =>
        tries.get(JSON.stringify([dagId, runId, taskId, mapIndex, tryNumber]), async () =>
          tryOf(await lookup.taskInstance(dagId, runId, taskId, mapIndex), tryNumber, lookup),
        );
      await look();
      const ended = new AbortController();
      const end = (): void => ended.abort();
      stopping.signal.addEventListener('abort', end, { once: true });
      reply.raw.once('close', end);
      followers++;
      reply.raw.once('close', () => {
        followers--;
        stopping.signal.removeEventListener('abort', end);
      });
      const keyOf = (tried: TaskInstanceRecord): string => tried.logKey ?? logKeyOf(tried);
      const events = follow({ look, objects, seen, keyOf, signal: ended.signal }, offset);
      return reply
        .headers(EVENT_STREAM_HEADERS)
        .serializer(String)
        .send(Readable.from(events, { objectMode: false }) as never);
    },
  );
};

interface Followed {
  /** How the try stands. */
  look(): Promise<TaskInstanceRecord>;
  readonly objects: Objects;
  /** The same, as it was a moment ago: for what is looked at again. */
  readonly seen: Objects;
  keyOf(tried: TaskInstanceRecord): string;
  readonly signal: AbortSignal;
}

async function* follow({ look, objects, seen, keyOf, signal }: Followed, from: number): AsyncGenerator<string> {
  let offset = from;
  let saidAt = performance.now();
  let newsAt = saidAt;
  yield `retry: ${LOOK_SELDOM_MS}\n\n`;
  while (!signal.aborted) {
    const tried = await look();
    const live = isLive(tried);
    for (let atEnd = tried.attempt === 0; !atEnd && !signal.aborted; ) {
      const chunk = await readLogChunk(live ? seen : objects, keyOf(tried), offset, CHUNK_BYTES, live);
      if (chunk.lines.length > 0) {
        yield chunk.lines.map((line, index) => lineEvent(line, chunk.ends[index] ?? chunk.next)).join('');
        saidAt = newsAt = performance.now();
      }
      offset = chunk.next;
      atEnd = chunk.atEnd;
    }
    if (!live) {
      for (const message of offset === 0 ? withoutLog(tried) : []) yield formatEvent({ event: 'line', data: message });
      yield formatEvent({ id: tokenOf(offset), event: 'end', data: { state: tried.status, try_number: tried.attempt } });
      return;
    }
    const now = performance.now();
    if (now - saidAt >= KEEP_ALIVE_MS) {
      yield formatEvent({});
      saidAt = now;
    }
    await delay(now - newsAt < QUIET_AFTER_MS ? LOOK_MS : LOOK_SELDOM_MS, undefined, { signal }).catch(() => {});
  }
}

function lineEvent(line: string, end: number): string {
  return formatEvent({ id: tokenOf(end), event: 'line', data: parseLogLine(line) });
}
