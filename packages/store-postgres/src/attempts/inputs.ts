/** What an attempt needs beside its claim: results of upstream tasks, and the code it is pinned to. */
import type { DagSpec } from '@headrace/core';
import type { StoredBundle, StoredResult } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { NoSuchRowError } from '../errors.ts';

const RESULTS = `
  select t.task_id, r.inline_json, r.object_key, r.size
  from task_instance t join task_result r on r.task_instance_id = t.id and r.attempt = t.attempt
  where t.dag_run_id = $1 and t.task_id = any($2) and t.map_index = -1 and t.state = 'success'`;

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
