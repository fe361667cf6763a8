/**
 * Everything that can be wrong with a request, as RFC 9457 problem details.
 *
 * E1. A code never changes its meaning; clients compare codes, people read `detail`.
 * E2. The table is the only place where a code meets an HTTP status.
 */
import { type Static, Type } from 'typebox';

export const PROBLEMS = {
  HR_INVALID_REQUEST: { status: 422, title: 'The request has invalid fields' },
  HR_INVALID_ASSET_EVENT: { status: 422, title: 'Such an asset event cannot be recorded' },
  HR_INVALID_PARAMS: { status: 422, title: 'The params do not fit the DAG' },
  HR_IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key belongs to another request' },
  HR_BACKFILL_REFUSED: { status: 422, title: 'Such a backfill cannot be made' },
  HR_INVALID_CONNECTION: { status: 422, title: 'Such a connection cannot be' },
  HR_UNSUPPORTED: { status: 422, title: 'Not supported' },
  HR_INVALID_VARIABLE: { status: 422, title: 'Such a variable cannot be' },
  HR_RUN_TYPE_NOT_ALLOWED: { status: 400, title: 'The DAG allows no such runs' },
  HR_DEFAULT_POOL: { status: 400, title: 'The default pool stays' },
  HR_INVALID_CURSOR: { status: 400, title: 'The cursor is not one of this list' },
  HR_NO_EXTERNAL_LOGS: { status: 400, title: 'Logs are not kept elsewhere' },
  HR_BAD_REQUEST: { status: 400, title: 'The request cannot be read' },
  HR_UNKNOWN_ORDER: { status: 400, title: 'Cannot order by this' },
  HR_UNAUTHENTICATED: { status: 401, title: 'Who are you?' },
  HR_LOGIN_FAILED: { status: 401, title: 'You could not be let in' },
  HR_FORBIDDEN: { status: 403, title: 'You may not do this' },
  HR_CROSS_ORIGIN: { status: 403, title: 'Another site sent this' },
  HR_ROUTE_NOT_FOUND: { status: 404, title: 'There is no such address' },
  HR_DAG_NOT_FOUND: { status: 404, title: 'There is no such DAG' },
  HR_TASK_NOT_FOUND: { status: 404, title: 'The DAG has no such task' },
  HR_RUN_NOT_FOUND: { status: 404, title: 'There is no such DAG run' },
  HR_TASK_INSTANCE_NOT_FOUND: { status: 404, title: 'There is no such task instance' },
  HR_TRY_NOT_FOUND: { status: 404, title: 'There is no such try' },
  HR_RESULT_NOT_FOUND: { status: 404, title: 'There is no such result' },
  HR_BACKFILL_NOT_FOUND: { status: 404, title: 'There is no such backfill' },
  HR_NOTICE_NOT_FOUND: { status: 404, title: 'There is no such notice' },
  HR_VERSION_NOT_FOUND: { status: 404, title: 'The DAG has no such version' },
  HR_ASSET_NOT_FOUND: { status: 404, title: 'There is no such asset' },
  HR_ASSET_ALIAS_NOT_FOUND: { status: 404, title: 'There is no such asset alias' },
  HR_ASSET_NOT_PRODUCED: { status: 404, title: 'No DAG makes the asset' },
  HR_PARTITION_NOT_FOUND: { status: 404, title: 'There is no such partition' },
  HR_QUEUED_EVENT_NOT_FOUND: { status: 404, title: 'There is no such queued event' },
  HR_IMPORT_ERROR_NOT_FOUND: { status: 404, title: 'There is no such import error' },
  HR_CONNECTION_NOT_FOUND: { status: 404, title: 'There is no such connection' },
  HR_VARIABLE_NOT_FOUND: { status: 404, title: 'There is no such variable' },
  HR_SETTING_NOT_FOUND: { status: 404, title: 'There is no such setting' },
  HR_FILE_NOT_FOUND: { status: 404, title: 'There is no such DAG file' },
  HR_CURSOR_NOT_FOUND: { status: 404, title: 'There is no such cursor' },
  HR_POOL_NOT_FOUND: { status: 404, title: 'There is no such pool' },
  HR_USER_NOT_FOUND: { status: 404, title: 'There is no such user' },
  HR_KEY_NOT_FOUND: { status: 404, title: 'There is no such API key' },
  HR_GRANT_NOT_FOUND: { status: 404, title: 'There is no such grant' },
  HR_NO_IDENTITY_PROVIDER: { status: 404, title: 'There is no identity provider' },
  HR_WAIT_NOT_FOUND: { status: 404, title: 'Nothing waits there' },
  HR_METHOD_NOT_ALLOWED: { status: 405, title: 'That cannot be done there' },
  HR_NOT_ACCEPTABLE: { status: 406, title: 'It cannot be had in that form' },
  HR_ASSET_PRODUCED_TWICE: { status: 409, title: 'Several DAGs make the asset' },
  HR_ASSET_NOT_PARTITIONED: { status: 409, title: 'The asset has no partitions' },
  HR_CURSOR_AMBIGUOUS: { status: 409, title: 'Several tables have a cursor of this name' },
  HR_CURSOR_UNSUPPORTED: { status: 409, title: 'The connection keeps no cursors' },
  HR_RUN_EXISTS: { status: 409, title: 'There is such a DAG run already' },
  HR_RUN_LIVE: { status: 409, title: 'It has not ended' },
  HR_TASK_NEEDED: { status: 409, title: 'The run needs the task instance' },
  HR_RESULT_EXISTS: { status: 409, title: 'There is a result already' },
  HR_VARIABLE_EXISTS: { status: 409, title: 'There is such a variable already' },
  HR_NO_FAVORITE: { status: 409, title: 'It is no favourite' },
  HR_CONNECTION_EXISTS: { status: 409, title: 'There is such a connection already' },
  HR_SECRET_UNREADABLE: { status: 409, title: 'The secret cannot be decrypted' },
  HR_POOL_EXISTS: { status: 409, title: 'There is such a pool already' },
  HR_USER_EXISTS: { status: 409, title: 'There is such a user already' },
  HR_KEY_EXISTS: { status: 409, title: 'There is such an API key already' },
  HR_RUN_FINISHED: { status: 409, title: 'The DAG run has ended already' },
  HR_RUN_BUSY: { status: 409, title: 'The DAG run is changing too fast' },
  HR_BACKFILL_RUNNING: { status: 409, title: 'The DAG has a backfill already' },
  HR_BACKFILL_ENDED: { status: 409, title: 'The backfill has ended' },
  HR_TASK_RUNNING: { status: 409, title: 'A task instance is running' },
  HR_WAIT_ENDED: { status: 409, title: 'Nobody waits for this any more' },
  HR_BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  HR_MEDIA_TYPE: { status: 415, title: 'The body must be JSON' },
  HR_SECRET_KEY_MISSING: { status: 409, title: 'There is no key for secrets' },
  HR_TOO_MANY_FOLLOWERS: { status: 503, title: 'Too many logs are followed' },
  HR_TOO_MANY_TRIES: { status: 429, title: 'Too many tries' },
  HR_HEADERS_TOO_LARGE: { status: 431, title: 'The address and the headers are too long' },
  HR_INTERNAL: { status: 500, title: 'It is our fault' },
  HR_CONNECTION_UNUSABLE: { status: 424, title: 'The system behind the connection cannot be used' },
  HR_UNAVAILABLE: { status: 503, title: 'The database cannot be reached' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export const FieldProblem = Type.Object({
  /** Where: `body.conf.limit`, `query.state`. */
  field: Type.String(),
  message: Type.String(),
});
export type FieldProblem = Static<typeof FieldProblem>;

export const Problem = Type.Object({
  type: Type.String({ description: '`urn:headrace:problem:` and the code' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String({ description: 'What was wrong, where, and what to do' }),
  code: Type.String({ description: 'Stable, for programs' }),
  instance: Type.String({ description: 'The request: its path, and its id in the log of the server' }),
  errors: Type.Optional(Type.Array(FieldProblem, { description: 'One entry for each wrong field' })),
});
export type Problem = Static<typeof Problem>;
