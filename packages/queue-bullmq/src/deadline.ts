/** Waiting that always ends: a client library's promise may stay open as long as its server is away. */

/** The promise's outcome, or DeadlineError after `ms`. A late rejection is nobody's concern any more. */
export async function withDeadline<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(what, ms)), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
  }
}

/** The promise's outcome, or AbortedError as soon as the signal is raised. Leaves nothing behind on the signal. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(new AbortedError());
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Resolves after `ms`, or at once when the signal is raised. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

export class DeadlineError extends Error {
  constructor(what: string, ms: number) {
    super(`${what} gave no answer for ${ms} ms`);
    this.name = 'DeadlineError';
  }
}

export class AbortedError extends Error {
  constructor() {
    super('Given up');
    this.name = 'AbortedError';
  }
}
