/**
 * The connections that a worker gives to tasks: those of its configuration first, then those that are kept in Headrace.
 *
 * S1. A stored connection is read and decrypted only when a task that declared it begins, and kept in memory for seconds.
 * S2. What is not there is asked for again at once: somebody may just have added it.
 */
import type { ConnectionBook, VariableBook } from '@headrace/ports';

export type ConnectionSource = (connId: string) => string | undefined | Promise<string | undefined>;

export interface ConnectionSourceOptions {
  /** URLs by id. */
  readonly configured: Readonly<Record<string, string>>;
  readonly book: Pick<ConnectionBook, 'url'>;
  /** Variables are declared like connections, as `variable:name`. Absent: there are none. */
  readonly variables?: Pick<VariableBook, 'value'>;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  /** Default 5 seconds. */
  readonly keepMs?: number;
}

const KEEP_MS = 5_000;
const VARIABLE = 'variable:';

/** Rejects as `ConnectionBook.url`. */
export function createConnectionSource({ configured, book, variables, now, keepMs = KEEP_MS }: ConnectionSourceOptions): ConnectionSource {
  const kept = new Map<string, { readonly until: number; readonly url: Promise<string | undefined> }>();
  return (connId) => {
    if (Object.hasOwn(configured, connId)) return configured[connId];
    const known = kept.get(connId);
    if (known !== undefined && now() < known.until) return known.url;
    const url = connId.startsWith(VARIABLE)
      ? (variables?.value(connId.slice(VARIABLE.length)) ?? Promise.resolve(undefined))
      : book.url(connId);
    const entry = { until: now() + keepMs, url };
    kept.set(connId, entry);
    const forget = (): void => {
      if (kept.get(connId) === entry) kept.delete(connId);
    };
    url.then((found) => found === undefined && forget(), forget);
    return url;
  };
}
