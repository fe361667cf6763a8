/**
 * Ids of runs in OpenLineage, which are UUIDs.
 *
 * They follow from what the store calls things, so that every process names a run alike, and so does whoever tells of it a second time.
 */
import { createHash } from 'node:crypto';

export interface RunIds {
  readonly runKey: string;
  readonly dagId: string;
  readonly runId: string;
}

/** Of a DAG run. Cleared, it goes on under the same id. */
export function runUuid({ runKey, dagId, runId }: RunIds): string {
  return uuidOf(['run', runKey, dagId, runId]);
}

/** Of one attempt: each try is a run of its own. */
export function attemptUuid(run: RunIds, taskInstanceId: string, attempt: number): string {
  return uuidOf(['attempt', run.runKey, run.dagId, run.runId, taskInstanceId, String(attempt)]);
}

/** Version 8 (RFC 9562): made of a hash, as is its maker's affair. */
function uuidOf(names: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(names)).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
