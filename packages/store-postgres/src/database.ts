/**
 * Connections to Postgres, in lanes that cannot starve each other.
 *
 * C1. `work` takes decisions and moves tasks; `leases` keeps workers and schedulers alive however busy the rest is;
 *     `reads` serves people. A lane opens connections only when it is used.
 * C2. Every connection has time limits, so that a process that freezes in the middle of a transaction loses its locks.
 * C3. A connection that breaks never ends the process: both the pool's and the client's `error` are heard.
 * C4. Everything here goes to the primary: a standby is refused when a connection is made.
 */
import type { Log, Metrics } from '@headrace/ports';
import pg from 'pg';
import { StandbyError } from './errors.ts';
import { PipelinedReads } from './pipelined-reads.ts';
import type { Queryable } from './queryable.ts';
import { instantOf } from './timestamp.ts';

export type { Queryable } from './queryable.ts';

export type Lane = 'work' | 'leases' | 'reads';

export interface DatabaseOptions {
  readonly url: string;
  /** Most connections of the `work` lane. */
  readonly poolSize: number;
  readonly applicationName: string;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Connections of the lanes beside `work`. */
const SMALL_LANE = 3;
const CONNECT_TIMEOUT_MS = 10_000;
/** On our side, for a connection that answers nothing at all; longer than the server's own limit. */
const QUERY_TIMEOUT_MS = 40_000;

/** For every connection. No plan is worth compiling; times are read as UTC. */
const SESSION = `
  set search_path = headrace, pg_catalog;
  set timezone = 'UTC';
  set datestyle = 'ISO';
  set statement_timeout = '30s';
  set lock_timeout = '5s';
  set idle_in_transaction_session_timeout = '10s';
  set jit = off`;

/**
 * The hot statements are look-ups by key or through partial indexes on live rows. Their plans must not depend on what
 * the statistics happen to say about a table that grows from nothing to millions within minutes.
 *
 * Rows leave the indexes of live rows as fast as they come. A plain index scan marks the entries of dead rows, so that the
 * next one skips them; a bitmap scan would visit all of them again until the next vacuum.
 */
const STABLE_PLANS = `
  set enable_seqscan = off;
  set enable_bitmapscan = off;
  set enable_hashjoin = off;
  set enable_mergejoin = off;
  set plan_cache_mode = force_generic_plan`;

/**
 * What the session of each lane is set to, in order.
 * @internal for the tests of plans
 */
export const SESSION_OF: Readonly<Record<Lane, string>> = {
  work: `${SESSION};${STABLE_PLANS}`,
  leases: `${SESSION};${STABLE_PLANS}`,
  reads: `${SESSION}; set default_transaction_read_only = on`,
};

export class Database {
  readonly #options: DatabaseOptions;
  readonly #pools = new Map<Lane, pg.Pool>();
  #reads: PipelinedReads | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  get log(): Log {
    return this.#options.log;
  }

  get metrics(): Metrics {
    return this.#options.metrics;
  }

  /** The pool of a lane; of reads there are no transactions, and they are sent together. */
  lane(lane: 'work' | 'leases'): pg.Pool;
  lane(lane: 'reads'): Queryable;
  lane(lane: Lane): pg.Pool | Queryable {
    if (lane !== 'reads') return this.#pool(lane);
    const pool = this.#pool(lane);
    this.#reads ??= new PipelinedReads(pool, SMALL_LANE, QUERY_TIMEOUT_MS);
    return this.#reads;
  }

  #pool(lane: Lane): pg.Pool {
    if (this.#closed !== undefined) throw new Error('The store is closed');
    const known = this.#pools.get(lane);
    if (known !== undefined) return known;
    const pool = this.#createPool(lane);
    this.#pools.set(lane, pool);
    return pool;
  }

  /** A connection outside all lanes, for whoever keeps one for itself (LISTEN). The caller ends it. */
  async connect(name: string): Promise<pg.Client> {
    const client = new pg.Client({
      ...connectionConfig(this.#options.url),
      application_name: `${this.#options.applicationName} ${name}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    try {
      await client.connect();
      await prepareSession(client, 'reads');
      return client;
    } catch (error) {
      client.on('error', () => {});
      void client.end().catch(() => {});
      throw error;
    }
  }

  /** Waits for the statements under way and closes all connections. May be called twice. */
  async close(): Promise<void> {
    this.#closed ??= Promise.all([...this.#pools.values()].map((pool) => pool.end())).then(() => undefined);
    await this.#closed;
  }

  #createPool(lane: Lane): pg.Pool {
    const { url, poolSize, applicationName, log } = this.#options;
    const pool = new pg.Pool({
      ...connectionConfig(url),
      max: lane === 'work' ? poolSize : SMALL_LANE,
      application_name: `${applicationName} ${lane}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      // Of reads, a whole pipeline is watched, and not each statement.
      ...(lane === 'reads' ? { pipeline: true } : { query_timeout: QUERY_TIMEOUT_MS }),
      idleTimeoutMillis: 60_000,
      onConnect: async (client) => {
        client.on('error', (error: Error) => log.warn({ error, lane }, 'a database connection in use was lost'));
        await prepareSession(client, lane);
      },
    });
    pool.on('error', (error) => log.warn({ error, lane }, 'an idle database connection was lost'));
    return pool;
  }
}

async function prepareSession(client: pg.ClientBase, lane: Lane): Promise<void> {
  const answers = (await client.query(`${SESSION_OF[lane]}; select pg_is_in_recovery() as standby`)) as unknown as pg.QueryResult[];
  if (answers.at(-1)?.rows[0]?.standby === true) throw new StandbyError();
}

/** Instants come as milliseconds since the epoch, `bigint` as text. */
export function connectionConfig(url: string): pg.ClientConfig {
  return { connectionString: url, keepAlive: true, keepAliveInitialDelayMillis: 10_000, types: { getTypeParser } };
}

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === pg.types.builtins.TIMESTAMPTZ) return instantOf;
  return pg.types.getTypeParser(oid, format as 'text');
}
