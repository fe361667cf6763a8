/**
 * One connection that listens to one channel, for as long as it is wanted.
 *
 * L1. Notifications come in order of commit. L2. A connection that is lost, or answers no probe, is replaced; then
 *     `onGap` says that something may have been missed. L3. The first connection is made before `listen` resolves.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Database } from './database.ts';

const PROBE_EVERY_MS = 5_000;
const PROBE_TIMEOUT_MS = 5_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

export interface ChannelListener {
  onPayload(payload: string): void;
  onGap(): void;
}

/** The answer ends the listening. */
export async function listen(database: Database, channel: string, listener: ChannelListener): Promise<() => Promise<void>> {
  const ending = new AbortController();
  const first = await connect(database, channel, listener);
  const ended = stayConnected(first, database, channel, listener, ending.signal);
  return async () => {
    ending.abort();
    await ended;
  };
}

interface Connection {
  readonly client: pg.Client;
  /** Resolves when the connection is lost. */
  readonly lost: Promise<unknown>;
}

async function connect(database: Database, channel: string, listener: ChannelListener): Promise<Connection> {
  const client = await database.connect(channel);
  const lost = new Promise<unknown>((resolve) => {
    client.on('error', resolve);
    client.on('end', () => resolve(new Error('the connection was closed')));
  });
  client.on('notification', ({ payload }) => {
    if (payload !== undefined) listener.onPayload(payload);
  });
  try {
    await client.query(`listen ${channel}`);
  } catch (error) {
    discard(client);
    throw error;
  }
  return { client, lost };
}

async function stayConnected(
  first: Connection,
  database: Database,
  channel: string,
  listener: ChannelListener,
  ending: AbortSignal,
): Promise<void> {
  let connection: Connection | undefined = first;
  while (connection !== undefined) {
    const reason = await watch(connection, ending);
    if (ending.aborted) {
      await connection.client.end().catch(() => {});
      return;
    }
    discard(connection.client);
    database.log.warn({ error: reason, channel }, 'the connection that listens for news was lost; connecting anew');
    connection = await reconnect(database, channel, listener, ending);
    if (connection !== undefined) listener.onGap();
  }
}

/** Resolves with the reason when the connection is lost, or when the listening ends. */
async function watch({ client, lost }: Connection, ending: AbortSignal): Promise<unknown> {
  const done = new AbortController();
  const signal = AbortSignal.any([ending, done.signal]);
  try {
    return await Promise.race([lost, probe(client, signal)]);
  } finally {
    done.abort();
  }
}

/** Asks again and again; a network that swallows everything is noticed only by this. */
async function probe(client: pg.Client, signal: AbortSignal): Promise<unknown> {
  try {
    for (;;) {
      await delay(PROBE_EVERY_MS, undefined, { signal });
      const deadline = delay(PROBE_TIMEOUT_MS, 'late' as const, { signal, ref: false });
      const answer = await Promise.race([client.query('select 1').then(() => 'alive' as const), deadline]);
      deadline.catch(() => {});
      if (answer === 'late') return new Error(`no answer to a probe within ${PROBE_TIMEOUT_MS} ms`);
    }
  } catch (error) {
    return error;
  }
}

async function reconnect(
  database: Database,
  channel: string,
  listener: ChannelListener,
  ending: AbortSignal,
): Promise<Connection | undefined> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await delay(Math.random() * pause, undefined, { signal: ending });
      return await connect(database, channel, listener);
    } catch (error) {
      if (ending.aborted) return undefined;
      database.log.debug({ error, channel }, 'could not connect for news yet');
    }
  }
}

/** Of a broken connection nothing is awaited. */
function discard(client: pg.Client): void {
  void client.end().catch(() => {});
}
