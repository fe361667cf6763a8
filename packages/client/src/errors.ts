import type { Problem } from '@headrace/api-contract';

/** The API refused, or failed. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  /** As the server told it; undefined when something in between answered. */
  readonly problem: Problem | undefined;

  constructor(status: number, problem: Problem | undefined, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.code = problem?.code ?? 'HR_API_ANSWER';
  }

  /** @param body the text of an answer that was no success. */
  static of(status: number, body: string, request: string): ApiError {
    const problem = problemOf(body);
    return new ApiError(status, problem, problem?.detail ?? `${request} was answered with ${status}: ${body.slice(0, 200)}`);
  }
}

function problemOf(body: string): Problem | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return parsed !== null && typeof parsed === 'object' && 'code' in parsed && 'detail' in parsed ? (parsed as Problem) : undefined;
  } catch {
    return undefined;
  }
}

/** Nobody answers at the address. */
export class UnreachableError extends Error {
  readonly code = 'HR_API_UNREACHABLE';
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`No Headrace API answers at ${url} (${reasonOf(cause)})`, { cause });
    this.name = 'UnreachableError';
    this.url = url;
  }
}

/** `fetch` hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error ? (error.cause ?? error) : error;
  const { code, message } = (inner ?? {}) as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
