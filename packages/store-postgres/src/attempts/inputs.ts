/** What an attempt needs beside its claim: results of upstream tasks, and the code it is pinned to. */
import type { DagSpec } from '@headrace/core';
import type { ResultRef, StoredBundle, StoredResult } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { NoSuchRowError } from '../errors.ts';

const RESULTS = `
  select t.task_id, r.inline_json, r.object_key, r.size
  from task_instance t join task_result r on r.task_instance_id = t.id and r.attempt = t.attempt
  where t.dag_run_id = $1 and t.task_id = any($2) and t.map_index = -1 and t.state = 'success'`;

/** Parameters: run key, task ids, map index. By the unique key of task instances. */
const REFS = `
  select t.task_id, t.id, t.attempt from task_instance t
  where t.dag_run_id = $1 and t.task_id = any($2) and t.map_index = $3 and t.state = 'success'`;

const MAPPED_REFS = `
  select t.id, t.attempt from task_instance t
  where t.dag_run_id = $1 and t.task_id = $2 and t.state = 'success'
  order by t.map_index`;

/** Parameters: run key, task id, task id of who is mapped over it, map index. Both maxima are the last entries of an index. */
const REF_IN_STEP = `
  select t.id, t.attempt from task_instance t
  where t.dag_run_id = $1 and t.task_id = $2 and t.map_index = $4 and t.state = 'success'
    and (select max(map_index) from task_instance where dag_run_id = $1 and task_id = $2)
      = (select max(map_index) from task_instance where dag_run_id = $1 and task_id = $3)`;

const RESULTS_OF = `
  select r.task_instance_id as id, r.attempt, r.inline_json, r.object_key, r.size
  from unnest($1::bigint[], $2::integer[]) as a (id, attempt)
  join task_result r on r.task_instance_id = a.id and r.attempt = a.attempt`;

const BUNDLE = `
  select v.dag_id, v.file, v.spec, b.hash, b.code, b.source_map
  from dag_version v join bundle b on b.hash = v.bundle_hash
  where v.id = $1`;

export interface ResultColumns {
  readonly inline_json: string | null;
  readonly object_key: string | null;
  readonly size: string | null;
}

export function storedResult({ inline_json, object_key, size }: ResultColumns): StoredResult {
  if (inline_json !== null) return { kind: 'inline', json: inline_json };
  return { kind: 'object', key: object_key ?? '', size: Number(size) };
}

/** A task that has not succeeded, or gave no result, is absent. */
export async function readResults(db: Queryable, runKey: string, taskIds: readonly string[]): Promise<ReadonlyMap<string, StoredResult>> {
  if (taskIds.length === 0) return new Map();
  const { rows } = await db.query<ResultColumns & { task_id: string }>({ name: 'results', text: RESULTS, values: [runKey, taskIds] });
  return new Map(rows.map((row) => [row.task_id, storedResult(row)]));
}

/** Of each task the instance with this map index, if it succeeded. */
export async function readResultRefs(
  db: Queryable,
  runKey: string,
  taskIds: readonly string[],
  mapIndex: number,
): Promise<ReadonlyMap<string, ResultRef>> {
  if (taskIds.length === 0) return new Map();
  const { rows } = await db.query<RefRow & { task_id: string }>({ name: 'result refs', text: REFS, values: [runKey, taskIds, mapIndex] });
  return new Map(rows.map((row) => [row.task_id, resultRef(row)]));
}

/** The instances of a repeated task that succeeded, by map index. */
export async function readMappedRefs(db: Queryable, runKey: string, taskId: string): Promise<readonly ResultRef[]> {
  const { rows } = await db.query<RefRow>({ name: 'mapped refs', text: MAPPED_REFS, values: [runKey, taskId] });
  return rows.map(resultRef);
}

/** Undefined: somebody has to count. */
export async function readRefInStep(
  db: Queryable,
  runKey: string,
  taskId: string,
  consumerId: string,
  mapIndex: number,
): Promise<ResultRef | undefined> {
  const { rows } = await db.query<RefRow>({ name: 'ref in step', text: REF_IN_STEP, values: [runKey, taskId, consumerId, mapIndex] });
  return rows[0] === undefined ? undefined : resultRef(rows[0]);
}

export async function readResultsOf(db: Queryable, refs: readonly ResultRef[]): Promise<readonly (StoredResult | undefined)[]> {
  if (refs.length === 0) return [];
  const { rows } = await db.query<ResultColumns & RefRow>({
    name: 'results of',
    text: RESULTS_OF,
    values: [refs.map((ref) => ref.taskInstanceId), refs.map((ref) => ref.attempt)],
  });
  const found = new Map(rows.map((row) => [`${row.id} ${row.attempt}`, storedResult(row)]));
  return refs.map(({ taskInstanceId, attempt }) => found.get(`${taskInstanceId} ${attempt}`));
}

interface RefRow {
  readonly id: string;
  readonly attempt: number;
}

function resultRef({ id, attempt }: RefRow): ResultRef {
  return { taskInstanceId: id, attempt };
}

/** Throws NoSuchRowError. */
export async function readBundle(db: Queryable, versionId: string): Promise<StoredBundle> {
  const { rows } = await db.query<{ dag_id: string; file: string; spec: DagSpec; hash: string; code: string; source_map: string | null }>(
    BUNDLE,
    [versionId],
  );
  const [row] = rows;
  if (row === undefined) throw new NoSuchRowError('DAG version', versionId);
  const { dag_id: dagId, file, spec, hash, code, source_map } = row;
  return { versionId, dagId, hash, code, file, spec, ...(source_map === null ? {} : { sourceMap: source_map }) };
}
