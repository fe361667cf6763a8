/** How fast an attempt is, and how long it will still take, by what it has done so far. */
import type { Milliseconds } from '../model/dag.ts';

/** How far an attempt is. All figures count from its beginning. */
export interface AttemptProgress {
  /** What it does now: `reading`, `checking`, `writing` … */
  readonly phase: string;
  readonly rows?: number;
  readonly bytes?: number;
  readonly totalRows?: number;
  readonly totalBytes?: number;
}

export interface ProgressEstimate {
  readonly rowsPerSecond?: number;
  readonly bytesPerSecond?: number;
  /** From 0 to 1, where a total is known. */
  readonly fraction?: number;
  /** At the speed so far. */
  readonly remainingMs?: Milliseconds;
}

/** Shorter than this, a speed says nothing. */
const TOO_SHORT_MS = 200;

/** A total may itself be an estimate: what goes beyond it counts as nearly done. */
const NEARLY_DONE = 0.99;

/** `elapsedMs`: from the attempt's beginning to when it said so. Rows go before bytes where both have a total. */
export function progressEstimate({ rows, bytes, totalRows, totalBytes }: AttemptProgress, elapsedMs: Milliseconds): ProgressEstimate {
  const measurable = elapsedMs >= TOO_SHORT_MS;
  const perSecond = (done: number | undefined): number | undefined =>
    done === undefined || !measurable ? undefined : (done / elapsedMs) * 1_000;
  const rowsPerSecond = perSecond(rows);
  const bytesPerSecond = perSecond(bytes);
  const fraction = fractionOf(rows, totalRows) ?? fractionOf(bytes, totalBytes);
  const remainingMs =
    fraction === undefined || fraction === 0 || !measurable ? undefined : Math.round((elapsedMs * (1 - fraction)) / fraction);
  return {
    ...(rowsPerSecond === undefined ? {} : { rowsPerSecond }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(fraction === undefined ? {} : { fraction }),
    ...(remainingMs === undefined ? {} : { remainingMs }),
  };
}

function fractionOf(done: number | undefined, total: number | undefined): number | undefined {
  if (done === undefined || total === undefined || total <= 0) return undefined;
  return done > total ? NEARLY_DONE : done / total;
}
