/**
 * Statements that are asked at about the same time, sent together: half of what a look-up by key costs, on both sides, is to write to the
 * other and to be woken by its answer.
 *
 * PR1. Every statement stays one of its own: it begins after it was asked, so it sees whatever was committed before, and it fails alone.
 * PR2. Nobody waits behind statements that were sent before: a connection gets the next ones when it has answered all that it has.
 * PR3. Only what has been seen to be quick goes together with others. Whatever else it is has a connection to itself, and shows by this
 *      how quick it is.
 * PR4. A connection that does not answer at all is given up after a while, with all that was sent on it.
 */
import type pg from 'pg';
import type { Queryable } from './queryable.ts';

/** Longer ones would be noticed by those behind them. */
const QUICK_MS = 10;
const MOST_TOGETHER = 32;

interface Asked {
  readonly statement: pg.QueryConfig;
  readonly resolve: (result: pg.QueryResult) => void;
  readonly reject: (error: Error) => void;
}

export class PipelinedReads implements Queryable {
  readonly #pool: pg.Pool;
  readonly #most: number;
  readonly #silenceMs: number;
  readonly #waiting: Asked[] = [];
  /** By name: the names are few. */
  readonly #isQuick = new Map<string, boolean>();
  #serving = 0;
  #isWoken = false;

  /**
   * @param pool of connections that have `pipeline` set
   * @param most connections
   * @param silenceMs after which a connection is given up
   */
  constructor(pool: pg.Pool, most: number, silenceMs: number) {
    this.#pool = pool;
    this.#most = most;
    this.#silenceMs = silenceMs;
  }

  query<Row extends pg.QueryResultRow>(asked: string | pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult<Row>> {
    const statement = typeof asked === 'string' ? { text: asked, ...(values === undefined ? {} : { values }) } : asked;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statement, resolve: resolve as Asked['resolve'], reject });
      this.#wake();
    });
  }

  /** Once for all that is asked in this turn of the event loop. */
  #wake(): void {
    if (this.#isWoken || this.#serving === this.#most) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      if (this.#waiting.length > 0) void this.#serve();
    });
  }

  /** On one connection, until nothing waits. */
  async #serve(): Promise<void> {
    this.#serving++;
    try {
      const client = await this.#pool.connect();
      let isWhole = true;
      while (isWhole && this.#waiting.length > 0) {
        const together = this.#next();
        // What does not go with them gets another connection, if there is one.
        if (this.#waiting.length > 0) this.#wake();
        isWhole = await this.#send(client, together);
      }
      client.release(!isWhole);
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error as Error);
    } finally {
      this.#serving--;
      if (this.#waiting.length > 0) this.#wake();
    }
  }

  /** The next that may go together, in the order in which they were asked. */
  #next(): readonly Asked[] {
    const isQuick = ({ statement: { name } }: Asked): boolean => name !== undefined && this.#isQuick.get(name) === true;
    const end = this.#waiting.findIndex((asked, index) => index === MOST_TOGETHER || !isQuick(asked));
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }

  /** Resolves when all are answered: whether none has failed. */
  #send(client: pg.PoolClient, together: readonly Asked[]): Promise<boolean> {
    return new Promise((resolve) => {
      const { stream } = client.connection;
      let left = together.length;
      let isWhole = true;
      let since = performance.now();
      const silence = setTimeout(() => stream.destroy(new Error('The database has not answered for too long')), this.#silenceMs);
      stream.cork();
      for (const { statement, resolve: answer, reject } of together) {
        client.query(statement, (error: Error | null, result: pg.QueryResult) => {
          if (statement.name !== undefined) {
            const now = performance.now();
            this.#isQuick.set(statement.name, now - since < QUICK_MS);
            since = now;
          }
          isWhole &&= error === null || error === undefined;
          if (error) reject(withCode(error));
          else answer(result);
          if (--left > 0) return;
          clearTimeout(silence);
          resolve(isWhole);
        });
      }
      stream.uncork();
    });
  }
}

/** What the driver says of a connection that is gone has no code: it gets that of Postgres for it, connection_failure. */
function withCode(error: Error): Error {
  return 'code' in error ? error : Object.assign(error, { code: '08006' });
}
