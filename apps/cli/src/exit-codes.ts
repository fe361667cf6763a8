/** What the exit code of a command says: docs/cli.md lists them. */
import { ApiError, UnreachableError } from '@headrace/client';
import { FailedError, NotFoundError, RefusedError, UsageError } from './failures.ts';

const EXIT = {
  /** What was asked for is done. */
  ok: 0,
  /** It was tried and failed: a run that was waited for, a check, the server. */
  failed: 1,
  /** The arguments or the settings are wrong: nothing was tried. */
  usage: 2,
  /** What is named is not there. */
  notFound: 3,
  /** Understood, and refused: no permission, a value that does not fit, a conflict with what is there. */
  refused: 4,
  /** Nobody answers, or not now: to try again later may help. */
  unreachable: 5,
} as const;

const TOO_MANY_REQUESTS = 429;
const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504, TOO_MANY_REQUESTS]);

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || (error as { code?: unknown } | null)?.code === 'HR_CONFIGURATION') return EXIT.usage;
  if (error instanceof NotFoundError) return EXIT.notFound;
  if (error instanceof RefusedError) return EXIT.refused;
  if (error instanceof FailedError) return EXIT.failed;
  if (error instanceof UnreachableError) return EXIT.unreachable;
  if (error instanceof ApiError) return exitCodeOfStatus(error.status);
  return EXIT.failed;
}

function exitCodeOfStatus(status: number): number {
  if (status === 404) return EXIT.notFound;
  if (UNAVAILABLE.has(status)) return EXIT.unreachable;
  return status >= 400 && status < 500 ? EXIT.refused : EXIT.failed;
}
