/** Progress in words: `writing: 1,200,000 rows, 45.2 MB, 400,000 rows/s, 15.1 MB/s, 34 %, about 12 s left`. */
import type { Milliseconds } from '../model/dag.ts';
import { type AttemptProgress, type ProgressEstimate, progressEstimate } from './progress-estimate.ts';

/** `elapsedMs`: from the attempt's beginning to when it said so. */
export function describeProgress(progress: AttemptProgress, elapsedMs: Milliseconds): string {
  const { rows, bytes } = progress;
  const { rowsPerSecond, bytesPerSecond, fraction, remainingMs }: ProgressEstimate = progressEstimate(progress, elapsedMs);
  const parts = [
    rows === undefined ? '' : `${grouped(rows)} ${rows === 1 ? 'row' : 'rows'}`,
    bytes === undefined ? '' : bytesText(bytes),
    rowsPerSecond === undefined || rowsPerSecond === 0 ? '' : `${grouped(Math.round(rowsPerSecond))} rows/s`,
    bytesPerSecond === undefined || bytesPerSecond === 0 ? '' : `${bytesText(bytesPerSecond)}/s`,
    fraction === undefined ? '' : `${Math.floor(fraction * 100)} %`,
    remainingMs === undefined ? '' : `about ${durationText(remainingMs)} left`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? progress.phase : `${progress.phase}: ${parts.join(', ')}`;
}

/** Whole numbers with a comma between thousands. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** In powers of a thousand. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function durationText(ms: Milliseconds): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
