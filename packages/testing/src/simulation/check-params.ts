/** Params that a task asks for, checked by the schema of the DAG as production does it. */
import type { DagDefinition } from '@headrace/sdk';
import type { ParamsCheck } from '@headrace/worker';

/** A DAG given as a spec has no schema to ask: then params are what was asked for, with its defaults. */
export async function checkParams(
  dag: { readonly definition?: Pick<DagDefinition, 'params'> | undefined; readonly paramsDefault: Readonly<Record<string, unknown>> },
  params: Readonly<Record<string, unknown>>,
): Promise<ParamsCheck> {
  const schema = dag.definition?.params;
  if (schema === undefined) return { ok: true, params: { ...dag.paramsDefault, ...params } };
  const result = await schema['~standard'].validate(params);
  if (result.issues === undefined) return { ok: true, params: result.value as Readonly<Record<string, unknown>> };
  const path = (keys: (typeof result.issues)[number]['path'] = []) =>
    keys.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return { ok: false, issues: result.issues.map((issue) => ({ path: path(issue.path), message: issue.message })) };
}
