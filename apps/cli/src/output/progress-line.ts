/** How far a task is, in one line: `[########--------]  50 %  reading  1,200 rows  400 rows/s  about 3 s left`. */
import type { TaskProgress } from '@headrace/api-contract';
import { type AttemptProgress, describeProgress, durationText } from '@headrace/core';

const WIDTH = 24;
/** Older figures are said to be old: work that goes on tells them each second. */
const OLD_AFTER_SECONDS = 3;

export function formatProgress(progress: TaskProgress): string {
  const { fraction, age_seconds: age } = progress;
  const bar = fraction === null ? '' : `${barOf(fraction)} `;
  const old = age < OLD_AFTER_SECONDS ? '' : ` (nothing new for ${durationText(age * 1_000)})`;
  return `${bar}${describeProgress(attemptProgress(progress), Date.parse(progress.told_at) - Date.parse(progress.began_at))}${old}`;
}

export function nameOf({ task_id, map_index }: Pick<TaskProgress, 'task_id' | 'map_index'>): string {
  return map_index < 0 ? task_id : `${task_id}[${map_index}]`;
}

function barOf(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * WIDTH);
  return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]`;
}

function attemptProgress({ phase, rows, bytes, total_rows, total_bytes }: TaskProgress): AttemptProgress {
  return {
    phase,
    ...(rows === null ? {} : { rows }),
    ...(bytes === null ? {} : { bytes }),
    ...(total_rows === null ? {} : { totalRows: total_rows }),
    ...(total_bytes === null ? {} : { totalBytes: total_bytes }),
  };
}
