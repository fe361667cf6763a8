/**
 * Progress of one operation: what its executors say, and where they say nothing for a while, what is seen from outside: bytes that pass
 * through named pipes, and rows that DuckDB has read.
 *
 * M1. What an executor says goes before what is seen, which is told only when nobody has said anything for `QUIET_MS`.
 * M2. Seeing costs the rows nothing: counters are looked at, by the clock.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { OperationProgress } from '@headrace/sdk';

const QUIET_MS = 800;
const LOOK_EVERY_MS = 250;

/** Something that counts, and is looked at now and then. */
export interface Seen {
  readonly rows?: number;
  readonly bytes?: number;
  readonly totalRows?: number;
}

/** How many there are, where a source can tell. */
export interface Expected {
  readonly rows?: number;
  readonly bytes?: number;
}

export class OperationMeter {
  readonly #tell: (progress: OperationProgress) => void;
  readonly #now: () => number;
  /** Bytes of pipes that are closed. */
  #passed = 0;
  readonly #open = new Set<() => number>();
  #said: OperationProgress | undefined;
  #expected: Expected | undefined;
  #saidAt: number;
  #seen = '';

  /** `now` in milliseconds that never go back. */
  constructor(tell: (progress: OperationProgress) => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
    this.#saidAt = now();
  }

  /** By an executor. */
  say(progress: OperationProgress): void {
    this.#said = this.#withTotals(progress);
    this.#saidAt = this.#now();
    this.#tell(this.#said);
  }

  /** What a source said there is, for those who say only how much they have done. */
  expect(expected: Expected | undefined): void {
    this.#expected = expected ?? this.#expected;
  }

  /** Counts what passes until the answer is called. */
  counting(bytes: () => number): () => void {
    this.#open.add(bytes);
    return () => {
      if (this.#open.delete(bytes)) this.#passed += bytes();
    };
  }

  /** Tells what is seen, if it is news and nobody has said anything for a while. */
  look(query: Seen | undefined): void {
    if (this.#now() - this.#saidAt < QUIET_MS) return;
    const bytes = [...this.#open].reduce((sum, count) => sum + count(), this.#passed);
    const said = this.#said;
    const progress = this.#withTotals({
      phase: said?.phase ?? (bytes > 0 ? 'moving rows' : 'querying'),
      ...known('rows', said?.rows ?? (bytes > 0 ? undefined : query?.rows)),
      ...known('totalRows', said?.totalRows ?? (bytes > 0 || said?.rows !== undefined ? undefined : query?.totalRows)),
      ...known('bytes', bytes > 0 ? Math.max(bytes, said?.bytes ?? 0) : said?.bytes),
      ...known('totalBytes', said?.totalBytes),
    });
    const news = JSON.stringify(progress);
    if (news === this.#seen || (progress.rows === undefined && progress.bytes === undefined)) return;
    this.#seen = news;
    this.#tell(progress);
  }

  /** Less than what was done is no total. */
  #withTotals(progress: OperationProgress): OperationProgress {
    const { rows, bytes, totalRows, totalBytes } = progress;
    const expected = this.#expected ?? {};
    const totalOf = (done: number | undefined, total: number | undefined): number | undefined =>
      done === undefined || total === undefined || total < done ? undefined : total;
    return {
      ...progress,
      ...known('totalRows', totalRows ?? totalOf(rows, expected.rows)),
      ...known('totalBytes', totalBytes ?? totalOf(bytes, expected.bytes)),
    };
  }
}

const meters = new AsyncLocalStorage<OperationMeter>();

/** Runs an operation under the meter: pipes in it are counted, and the query is looked at. */
export async function metered<T>(meter: OperationMeter, query: () => Seen | undefined, operation: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => meter.look(query()), LOOK_EVERY_MS);
  timer.unref();
  try {
    return await meters.run(meter, operation);
  } finally {
    clearInterval(timer);
  }
}

/** Tells the operation that this is part of how much there is. Outside of one nothing happens. */
export function expectRows(expected: Expected | undefined): void {
  meters.getStore()?.expect(expected);
}

/** Counts a pipe's bytes for the operation that it is of, until the answer is called. Outside of one nothing is counted. */
export function countPipe(socket: Socket, direction: 'read' | 'written'): () => void {
  return meters.getStore()?.counting(() => (direction === 'read' ? socket.bytesRead : socket.bytesWritten)) ?? (() => {});
}

function known<Name extends string>(name: Name, value: number | undefined): { readonly [K in Name]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [K in Name]?: number });
}
