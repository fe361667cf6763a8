/** When a server wants to be asked again, as it says in its headers. */

/**
 * Milliseconds from `now` (epoch milliseconds): `Retry-After` in seconds or as a date, else `RateLimit-Reset` and `X-RateLimit-Reset`, as
 * seconds from now or as an instant in epoch seconds or milliseconds. Undefined when nothing is said that can be understood.
 */
export function waitAskedFor(headers: Headers, now: number): number | undefined {
  const after = headers.get('retry-after')?.trim();
  if (after !== undefined && after !== '') {
    if (/^\d+(\.\d+)?$/.test(after)) return Math.ceil(Number(after) * 1000);
    const date = Date.parse(after);
    if (Number.isFinite(date)) return Math.max(0, date - now);
  }
  for (const name of ['ratelimit-reset', 'x-ratelimit-reset', 'x-rate-limit-reset']) {
    const reset = headers.get(name)?.trim();
    if (reset === undefined || !/^\d+(\.\d+)?$/.test(reset)) continue;
    const value = Number(reset);
    if (value > 1e11) return Math.max(0, Math.ceil(value - now));
    return value > 1e8 ? Math.max(0, Math.ceil(value * 1000 - now)) : Math.ceil(value * 1000);
  }
  return undefined;
}

/** Whether a server refuses because it was asked too often, which some say with 403. */
export function isAskedTooOften(status: number, headers: Headers): boolean {
  if (status === 429) return true;
  return status === 403 && (headers.get('x-ratelimit-remaining') === '0' || headers.has('retry-after'));
}
