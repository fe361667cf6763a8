/** How routes describe themselves: the same few parts, once. */
import { MapIndex, Ordinal, PROBLEMS, Problem, type ProblemCode, RowId, TryNumber } from '@headrace/api-contract';
import { type TSchema, Type } from 'typebox';
import type { Action, ObjectKind, PermittedAccess } from './access.ts';

const problemContent = { 'application/problem+json': { schema: Problem } };

/** The answer and, for the OpenAPI document, the problems beside those that any route may have. */
export function answers<Answer extends TSchema>(answer: Answer, ...problems: readonly ProblemCode[]): { 200: Answer } {
  const codes: readonly ProblemCode[] = ['HR_UNAUTHENTICATED', 'HR_FORBIDDEN', 'HR_INVALID_REQUEST', ...problems];
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  const described = [...byStatus].map(([status, group]) => [
    status,
    { description: group.map((code) => `${code}: ${PROBLEMS[code].title}`).join('. '), content: problemContent },
  ]);
  return { 200: answer, ...Object.fromEntries(described) };
}

/** As `answers`, for an answer with another status than 200. */
export function answersAs<Status extends 201 | 204, Answer extends TSchema>(
  status: Status,
  answer: Answer,
  ...problems: readonly ProblemCode[]
): { [Key in Status]: Answer } {
  const { 200: _, ...others } = answers(answer, ...problems);
  return { ...others, [status]: answer } as { [Key in Status]: Answer };
}

const segments = {
  dag_id: Type.String(),
  dag_run_id: Type.String(),
  task_id: Type.String(),
  map_index: MapIndex,
  try_number: TryNumber,
  task_try_number: TryNumber,
  xcom_key: Type.String(),
  import_error_id: RowId,
  asset_id: RowId,
  asset_alias_id: RowId,
  asset_name: Type.String(),
  partition_key: Type.String(),
  wait_token: Type.String({ maxLength: 100 }),
  notice_id: RowId,
  version_number: Ordinal,
  other_number: Ordinal,
  pool_name: Type.String(),
  connection_id: Type.String(),
  variable_key: Type.String(),
  section: Type.String(),
  option: Type.String(),
  file_token: Type.String(),
  user_name: Type.String({ maxLength: 100 }),
  token_id: RowId,
  grant_id: RowId,
  event_log_id: RowId,
  cursor_name: Type.String(),
  backfill_id: RowId,
};

/** The parts of an address, by their names in it. */
export function path<Name extends keyof typeof segments>(...names: readonly Name[]) {
  return Type.Object(Object.fromEntries(names.map((name) => [name, segments[name]])) as { [Key in Name]: (typeof segments)[Key] });
}

/**
 * What it takes to call a route: spread into its options. DAGs, assets and connections that the address names (`dag_id`, `asset_id`,
 * `asset_name`, `connection_id`) are checked by themselves; `names` says where else the request names some.
 */
export function permit<const A extends Action, const O extends ObjectKind>(
  action: A,
  object: O,
  more: Pick<PermittedAccess, 'names' | 'every' | 'creates'> = {},
) {
  return { config: { access: { action, object, ...more } } };
}
