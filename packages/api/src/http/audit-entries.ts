/**
 * What the audit log says of a request.
 *
 * AE1. Of what was sent there are only fields that are listed here: names, states, dates. A field that is not listed is not written, so
 *      what is new to a route stays out until somebody has said that it is no secret.
 */
import type { ProblemCode } from '@headrace/api-contract';
import type { AuditEntry, AuditOutcome, AuditValue } from '@headrace/ports';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access, Principal } from './access.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who came in by this request, which nobody had sent before. */
    signedIn: string | null;
    /** The code of the problem that it is answered with. */
    problem: ProblemCode | null;
  }
}

/** Fields of bodies and queries, at any depth. */
const SHOWN: ReadonlySet<string> = new Set([
  'action',
  'action_on_existence',
  'action_on_non_existence',
  'actions',
  'asset_id',
  'backfill_id',
  'chosen_options',
  'conn_id',
  'conn_type',
  'connection_id',
  'dag_id',
  'dag_ids',
  'dag_run_conf_overwrite',
  'dag_run_id',
  'data_interval_end',
  'data_interval_start',
  'dry_run',
  'end_date',
  'entities',
  'expires_at',
  'from_date',
  'group',
  'include_deferred',
  'include_downstream',
  'include_future',
  'include_past',
  'include_upstream',
  'is_active',
  'is_encrypted',
  'is_paused',
  'key',
  'logical_date',
  'map_index',
  'max_active_runs',
  'name',
  'new_state',
  'object',
  'only_failed',
  'only_running',
  'partition_key',
  'pattern',
  'pool',
  'reprocess_behavior',
  'reset_dag_runs',
  'role',
  'roles',
  'run_after',
  'run_backwards',
  'run_on_latest_version',
  'scopes',
  'slots',
  'start_date',
  'state',
  'status',
  'table',
  'task_id',
  'task_ids',
  'to_date',
  'update_mask',
  'username',
]);

const LONGEST_TEXT = 250;
const LONGEST_LIST = 50;
const DEEPEST = 4;

/** The kinds of what addresses name, innermost first, where it is not the route's own object. */
const NAMES = [
  'token_id',
  'grant_id',
  'user_name',
  'variable_key',
  'pool_name',
  'connection_id',
  'cursor_name',
  'notice_id',
  'backfill_id',
  'asset_id',
  'asset_name',
  'partition_key',
  'xcom_key',
  'import_error_id',
] as const;
const NAMES_IN_BODY = ['connection_id', 'key', 'name', 'username', 'backfill_id', 'asset_id', 'dag_id'] as const;

export function auditEntryOf(request: FastifyRequest, reply: FastifyReply, access: Access, at: number): AuditEntry {
  const { statusCode: status } = reply;
  const params = fieldsOf(request.params);
  const body = fieldsOf(request.body);
  // Of a body that may be anything, no name says what is in it; an open address's query is for whoever it leads to.
  const known = onlyNamed(body, request.routeOptions.schema?.body);
  const parameters = access === 'public' ? shown(known) : { ...shown(fieldsOf(request.query)), ...shown(known) };
  if (reply.getHeader('idempotency-replayed') !== undefined) parameters.replayed = true;
  const dagId = textOf(params.dag_id) ?? textOf(known.dag_id);
  const runId = textOf(params.dag_run_id) ?? textOf(known.dag_run_id);
  const taskId = textOf(params.task_id) ?? textOf(known.task_id);
  const mapIndex = Number.isInteger(params.map_index) ? (params.map_index as number) : undefined;
  const named =
    NAMES.map((name) => params[name]).find((value) => value !== undefined) ??
    NAMES_IN_BODY.map((name) => known[name]).find((value) => typeof value === 'string');
  const objectId = textOf(named) ?? runId ?? dagId;
  return {
    at,
    ...actorOf(request.principal, request.signedIn),
    address: request.ip,
    action: request.routeOptions.schema?.operationId ?? nameOf(request),
    object: typeof access === 'string' ? 'user' : access.object,
    ...(objectId === undefined ? {} : { object_id: objectId }),
    ...(dagId === undefined ? {} : { dag_id: dagId }),
    ...(runId === undefined ? {} : { run_id: runId }),
    ...(taskId === undefined ? {} : { task_id: taskId }),
    ...(mapIndex === undefined ? {} : { map_index: mapIndex }),
    request_id: request.id,
    outcome: outcomeOf(status),
    status,
    ...(request.problem === null ? {} : { problem: request.problem }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  };
}

function actorOf(principal: Principal | null, signedIn: string | null): Pick<AuditEntry, 'actor_kind' | 'actor' | 'key_id'> {
  if (principal === null) return signedIn === null ? { actor_kind: 'nobody' } : { actor_kind: 'user', actor: signedIn };
  const { name: actor, userId, credential } = principal;
  if (credential?.kind === 'key') return { actor_kind: 'key', actor, key_id: credential.keyId };
  return { actor_kind: userId === undefined ? 'service' : 'user', actor };
}

/** What somebody may not is refused, also where they are not told so much; the rest that goes wrong has failed. */
function outcomeOf(status: number): AuditOutcome {
  if (status < 400) return 'allowed';
  return status === 401 || status === 403 || status === 429 ? 'refused' : 'failed';
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function onlyNamed(body: Readonly<Record<string, unknown>>, schema: unknown): Readonly<Record<string, unknown>> {
  const names = fieldsOf(fieldsOf(schema).properties);
  return Object.fromEntries(Object.entries(body).filter(([name]) => Object.hasOwn(names, name)));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, LONGEST_TEXT) : undefined;
}

function shown(fields: Readonly<Record<string, unknown>>, depth = 1): Record<string, AuditValue> {
  const told = Object.entries(fields).flatMap(([name, value]) => {
    if (!SHOWN.has(name)) return [];
    const one = auditValueOf(value, depth);
    return one === undefined ? [] : [[name, one] as const];
  });
  return Object.fromEntries(told);
}

function auditValueOf(value: unknown, depth: number): AuditValue | undefined {
  if (typeof value === 'string') return value.slice(0, LONGEST_TEXT);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object' || depth > DEEPEST) return undefined;
  if (!Array.isArray(value)) return shown(value as Record<string, unknown>, depth + 1);
  return value.slice(0, LONGEST_LIST).flatMap((one) => auditValueOf(one, depth + 1) ?? []);
}

/** Of a route that has no operation id: `POST /auth/first`. */
function nameOf({ method, routeOptions }: FastifyRequest): string {
  return `${method} ${routeOptions.url ?? ''}`;
}
