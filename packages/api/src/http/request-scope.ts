/**
 * Whose request the code that runs belongs to, as far as the stores must know: see readable-stores.ts.
 *
 * It closes when it fails: who asks outside of any request is refused. What goes on after the answer has begun (a stream) keeps the scope
 * in which it was made.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Rights } from '@headrace/access';

/** Null: a route that is open to anyone, whose handler is bound to what the address proves. */
const scopes = new AsyncLocalStorage<{ readonly rights: Rights | null }>();

class OutsideOfRequestError extends Error {
  readonly code = 'HR_OUTSIDE_OF_REQUEST';
  constructor() {
    super('A store was asked outside of a request, so nobody can say what it may answer: ask from the handler, or bind with keepScope');
    this.name = 'OutsideOfRequestError';
  }
}

export function inScopeOf(rights: Rights | undefined, work: () => void): void {
  scopes.run({ rights: rights ?? null }, work);
}

/** @throws OutsideOfRequestError */
export function rightsOfRequest(): Rights | null {
  const scope = scopes.getStore();
  if (scope === undefined) throw new OutsideOfRequestError();
  return scope.rights;
}

/** For what is called later from elsewhere: it runs as if it were called now. */
export function keepScope<Args extends unknown[], Answer>(work: (...args: Args) => Answer): (...args: Args) => Answer {
  return AsyncLocalStorage.bind(work);
}
