/** Instants and durations as people read them. */

/** `2024-05-01 02:15:00Z`. */
export function formatInstant(iso: string | null | undefined): string {
  return iso === null || iso === undefined ? '' : `${iso.slice(0, 19).replace('T', ' ')}Z`;
}

/** Of seconds: `0.25s`, `42.1s`, `3m 07s`, `2h 05m`. */
export function formatSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '';
  if (seconds < 10) return `${seconds.toFixed(2)}s`;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  return whole < 3600
    ? `${Math.floor(whole / 60)}m ${two(whole % 60)}s`
    : `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}
