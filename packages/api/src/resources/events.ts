/**
 * Changes of state as server-sent events. Ours.
 *
 * E1. The first event is `ready`, or `reset` for who comes back with an id that leads nowhere: what is known has to be asked for anew.
 * E2. A reader is told only of DAGs whose runs it may read, by the rights that it has when it comes.
 * E3. Readers are counted: no more than `MOST_READERS` at once, and one that does not read loses events, never memory of the server's.
 */

import { Readable } from 'node:stream';
import { EventsHeaders, EventsQuery } from '@headrace/api-contract';
import { type Static, Type } from 'typebox';
import { ChangeFeed, type FeedEvent } from '../events/change-feed.ts';
import { EventQueue } from '../events/event-queue.ts';
import type { Change } from '../events/known-states.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { EVENT_STREAM_HEADERS, formatEvent } from '../http/event-stream.ts';
import { keepScope } from '../http/request-scope.ts';
import { answers, permit } from '../http/route-schema.ts';
import { mayRead } from '../readable/may.ts';
import type { Routes } from './context.ts';

const HEARTBEAT_MS = 15_000;
const RETRY_MS = 2_000;
const MOST_READERS = 500;

export const eventRoutes: Routes = async (app, { deps }) => {
  const feed = new ChangeFeed({ ...deps.stateChanges, log: deps.log });
  const stopping = new AbortController();
  // The server waits for all connections: those that would not end by themselves are ended.
  app.addHook('preClose', async () => stopping.abort());
  app.addHook('onClose', () => feed.close());

  app.get(
    '/events',
    {
      ...permit('read', 'run'),
      schema: {
        operationId: 'follow_events',
        summary: 'Follow changes of state',
        tags: ['Event'],
        description:
          'Server-sent events: `dag_run` and `task_instance` with the state that each now has, `ready` at the beginning, `reset` when events may have been missed, comments in between. Comes back to where it was with `Last-Event-ID`.',
        querystring: EventsQuery,
        headers: EventsHeaders,
        forms: ['text/event-stream'],
        response: answers(Type.String(), 'HR_TOO_MANY_FOLLOWERS'),
      },
    },
    async ({ query, headers }, reply) => {
      if (feed.followers >= MOST_READERS)
        throw new ApiProblem('HR_TOO_MANY_FOLLOWERS', `${MOST_READERS} readers follow this API already: ask another, or later`);
      const wanted = keepScope((change: Change) => fits(change, query) && mayRead('run', ofChange(change).dagId));
      const queue = new EventQueue();
      const leave = await feed.follow({
        onEvent: (event) => wanted(event.change) && queue.push(event),
        onReset: (number, reason) => queue.reset(number, reason),
      });
      const first = beginning(feed, headers['last-event-id'], queue, wanted);
      const ended = new AbortController();
      const end = (): void => {
        leave();
        stopping.signal.removeEventListener('abort', end);
        ended.abort();
      };
      stopping.signal.addEventListener('abort', end, { once: true });
      reply.raw.once('close', end);
      if (stopping.signal.aborted || reply.raw.destroyed) end();
      const events = stream(feed.name, first, queue, ended.signal);
      return reply
        .headers(EVENT_STREAM_HEADERS)
        .serializer(String)
        .send(Readable.from(events, { objectMode: false }) as never);
    },
  );
};

/** Nothing is awaited between the beginning of the following and this: no event comes in between, or twice. */
function beginning(feed: ChangeFeed, lastId: string | undefined, queue: EventQueue, wanted: (change: Change) => boolean): string {
  // What came while the following began is before the beginning, or among what was missed.
  queue.clear();
  const id = `${feed.name}-${feed.last}`;
  if (lastId === undefined || lastId === '') return formatEvent({ id, event: 'ready', data: {} });
  const [name, number] = lastId.split('-');
  const missed = name === feed.name && /^\d{1,15}$/.test(number ?? '') ? feed.since(Number(number)) : undefined;
  if (missed === undefined)
    return formatEvent({ id, event: 'reset', data: { reason: 'Nobody knows what came after the id that was given' } });
  for (const event of missed) if (wanted(event.change)) queue.push(event);
  return formatEvent({ id: lastId, event: 'ready', data: {} });
}

async function* stream(name: string, first: string, queue: EventQueue, signal: AbortSignal): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n${first}`;
  while (!signal.aborted) {
    const waiting = await queue.take(HEARTBEAT_MS, signal);
    if (signal.aborted) return;
    yield waiting.length === 0
      ? formatEvent({})
      : waiting
          .map((one) =>
            one.type === 'event'
              ? format(name, one.event)
              : formatEvent({ id: `${name}-${one.number}`, event: 'reset', data: { reason: one.reason } }),
          )
          .join('');
  }
}

function format(name: string, { number, change }: FeedEvent): string {
  const id = `${name}-${number}`;
  if (change.kind === 'run') {
    const { dagId, runId, runType, status } = change.run;
    return formatEvent({ id, event: 'dag_run', data: { dag_id: dagId, dag_run_id: runId, run_type: runType, state: status } });
  }
  const { dagId, runId, taskId, mapIndex, attempt, status } = change.task;
  const state = status === 'none' ? null : status;
  const data = { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex, try_number: attempt, state };
  return formatEvent({ id, event: 'task_instance', data });
}

function ofChange(change: Change): { readonly dagId: string; readonly runId: string } {
  return change.kind === 'run' ? change.run : change.task;
}

function fits(change: Change, query: Static<typeof EventsQuery>): boolean {
  const { dagId, runId } = ofChange(change);
  if (query.dag_id !== undefined && !query.dag_id.includes(dagId)) return false;
  if (query.dag_run_id !== undefined && query.dag_run_id !== runId) return false;
  return query.kind === undefined || query.kind.includes(change.kind === 'run' ? 'dag_run' : 'task_instance');
}
