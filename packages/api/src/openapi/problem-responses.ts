/** The problems that an operation may answer with: those of every operation by reference, its own spelled out. */
import { PROBLEMS, Problem, type ProblemCode } from '@headrace/api-contract';
import type { JsonSchema, SchemaBook } from './schemas.ts';

/** What any request may meet, whatever it asks for. */
const ALWAYS: readonly ProblemCode[] = [
  'HR_BAD_REQUEST',
  'HR_ROUTE_NOT_FOUND',
  'HR_INVALID_REQUEST',
  'HR_HEADERS_TOO_LARGE',
  'HR_INTERNAL',
  'HR_UNAVAILABLE',
];
const WITH_ACCESS: readonly ProblemCode[] = ['HR_UNAUTHENTICATED', 'HR_FORBIDDEN'];
/** Beside the 422 of HR_IDEMPOTENCY_KEY_REUSED, which has the status of any wrong field. */
const WITH_KEY: readonly ProblemCode[] = ['HR_IDEMPOTENCY_KEY_IN_USE'];
const WITH_BODY: readonly ProblemCode[] = ['HR_BODY_TOO_LARGE', 'HR_MEDIA_TYPE'];

/** What answers carry beside the problem. */
const HEADERS: Readonly<Record<number, JsonSchema>> = {
  401: { 'WWW-Authenticate': { description: 'How to say who you are', schema: { type: 'string' } } },
  503: { 'Retry-After': { description: 'Seconds after which to try again', schema: { type: 'string' } } },
};

export interface Asked {
  readonly isPublic: boolean;
  readonly hasBody: boolean;
  readonly takesKey: boolean;
}

/** Status → response. @param own of the operation itself, by status. */
export function problemResponses(
  own: ReadonlyMap<string, JsonSchema>,
  { isPublic, hasBody, takesKey }: Asked,
): Readonly<Record<string, JsonSchema>> {
  const codes = [...ALWAYS, ...(isPublic ? [] : WITH_ACCESS), ...(hasBody ? WITH_BODY : []), ...(takesKey ? WITH_KEY : [])];
  const usual = Object.fromEntries(
    codes.map((code) => [String(PROBLEMS[code].status), { $ref: `#/components/responses/${nameOf(code)}` }]),
  );
  const spelledOut = [...own].map(([status, response]) => {
    const shared = codes.find((code) => String(PROBLEMS[code].status) === status);
    const text = shared === undefined ? '' : sayOf(shared);
    // A status at which nothing of its own can be wrong stays a reference.
    if (response.description === text) return [status, usual[status]];
    const description = String(response.description);
    const all = text === '' || description.includes(text) ? description : `${description}. ${text}`;
    return [
      status,
      { ...response, description: all, ...(HEADERS[Number(status)] === undefined ? {} : { headers: HEADERS[Number(status)] }) },
    ];
  });
  return { ...usual, ...Object.fromEntries(spelledOut) };
}

function sayOf(code: ProblemCode): string {
  return `${code}: ${PROBLEMS[code].title}`;
}

/** `components/responses`. */
export function sharedResponses(book: SchemaBook): Readonly<Record<string, JsonSchema>> {
  const content = { 'application/problem+json': { schema: book.refer(Problem) } };
  return Object.fromEntries(
    [...ALWAYS, ...WITH_ACCESS, ...WITH_BODY, ...WITH_KEY].map((code) => {
      const headers = HEADERS[PROBLEMS[code].status];
      return [nameOf(code), { description: sayOf(code), ...(headers === undefined ? {} : { headers }), content }];
    }),
  );
}

/** `HR_BODY_TOO_LARGE` → `BodyTooLarge`. */
function nameOf(code: ProblemCode): string {
  return code
    .slice('HR_'.length)
    .toLowerCase()
    .replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
