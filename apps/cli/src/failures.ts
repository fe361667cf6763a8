/** Errors in words for whoever typed the command. */
import { ApiError, UnreachableError } from '@headrace/client';

/** The command line is wrong in a way that only the command itself can see. */
export class UsageError extends Error {
  readonly code = 'HR_USAGE';
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** It was asked for and did not succeed: said already, or says itself what happened. */
export class FailedError extends Error {
  readonly code = 'HR_FAILED';
  constructor(message: string) {
    super(message);
    this.name = 'FailedError';
  }
}

/** What is named is not there. */
export class NotFoundError extends Error {
  readonly code = 'HR_NOT_FOUND';
  constructor(message: string) {
    super(message);
    this.name = 'NotFoundError';
  }
}

/** Understood, and not done. */
export class RefusedError extends Error {
  readonly code = 'HR_REFUSED';
  constructor(message: string) {
    super(message);
    this.name = 'RefusedError';
  }
}

/** What happened and what to do, without a stack where the user cannot use one. */
export function explainFailure(error: unknown): string {
  if (error instanceof UnreachableError) {
    return `${error.message}.\nStart it with \`headrace standalone\` (or \`headrace api\`), or say where it is: --url, HEADRACE_URL, \`headrace profile add\`.`;
  }
  if (error instanceof ApiError) return explainApiError(error);
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && code.startsWith('HR_')) return `error: ${error.message}`;
  if (error instanceof AggregateError || typeof code === 'string')
    return `error: ${error.message || String(code)}${code === undefined ? '' : ` (${code})`}`;
  return error.stack ?? `error: ${error.message}`;
}

function explainApiError({ code, message, problem }: ApiError): string {
  if (code === 'HR_UNAUTHENTICATED') {
    return `The API does not know this token: ${message}.\nSet HEADRACE_TOKEN, give --token or --profile, or set HEADRACE_HOME to the folder whose admin-token the API uses.`;
  }
  const fields = problem?.errors?.map(({ field, message: what }) => `\n  ${field.replace(/^body\.conf\./, '--param ')}: ${what}`) ?? [];
  const head = fields.length > 0 ? (problem?.title ?? message) : message;
  return `error: ${head}${fields.join('')}`;
}
