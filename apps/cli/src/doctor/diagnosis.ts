/** One line of `headrace doctor`. */

/** `skip`: there is nothing to look at, or what it needs has failed already. */
export type Status = 'ok' | 'warn' | 'fail' | 'skip';

export interface Diagnosis {
  readonly check: string;
  readonly status: Status;
  /** What was found. */
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

export function ok(check: string, found: string): Diagnosis {
  return { check, status: 'ok', found };
}

export function warn(check: string, found: string, advice: string): Diagnosis {
  return { check, status: 'warn', found, advice };
}

export function fail(check: string, found: string, advice: string): Diagnosis {
  return { check, status: 'fail', found, advice };
}

export function skip(check: string, found: string): Diagnosis {
  return { check, status: 'skip', found };
}

/** Errors of servers, without what they may repeat of a URL. */
export function reasonOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const inner = error instanceof AggregateError ? reasonOf(error.errors[0]) : undefined;
  const text = typeof message === 'string' && message !== '' ? message : (inner ?? (typeof code === 'string' ? code : String(error)));
  return text.replaceAll(/:\/\/[^\s/@]*@/g, '://***@').split('\n', 1)[0] as string;
}
