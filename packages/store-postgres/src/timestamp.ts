/** Instants on their way into Postgres; on the way out the connection's type parser makes milliseconds of them. */
import type { Instant } from '@headrace/core';

/** Beyond these Postgres and ISO 8601 write years differently, and no date means anything. */
const EARLIEST = Date.UTC(1, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);

export function timestamp(instant: Instant): string {
  return new Date(Math.min(Math.max(instant, EARLIEST), LATEST)).toISOString();
}

export function timestampOrNull(instant: Instant | undefined): string | null {
  return instant === undefined ? null : timestamp(instant);
}
