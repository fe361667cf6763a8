/** Keys of what an attempt leaves in the object store. No id can make a key point elsewhere, and no two attempts share one. */
import { createHash } from 'node:crypto';
import type { ClaimedAttempt } from '@headrace/ports';

/** File systems take names of 255 bytes. */
const LONGEST = 200;

type AttemptIdentity = Pick<ClaimedAttempt, 'dagId' | 'runId' | 'taskId' | 'mapIndex' | 'attempt'>;

/** JSON lines: `{ ts, level, stream, message, fields? }`. */
export function attemptLogKey(attempt: AttemptIdentity): string {
  return `logs/${path(attempt)}.jsonl`;
}

export function attemptResultKey(attempt: AttemptIdentity): string {
  return `results/${path(attempt)}.json`;
}

/** Before the keys of all attempts of a run. */
export function runObjectsPrefix(kind: 'logs' | 'results', { dagId, runId }: Pick<AttemptIdentity, 'dagId' | 'runId'>): string {
  return `${kind}/${component(dagId)}/${component(runId)}/`;
}

function path({ dagId, runId, taskId, mapIndex, attempt }: AttemptIdentity): string {
  return [dagId, runId, taskId, String(mapIndex), String(attempt)].map(component).join('/');
}

function component(id: string): string {
  const encoded = encodeURIComponent(id.toWellFormed()).replace(/^\.+/, (dots) => dots.replaceAll('.', '%2E'));
  if (encoded.length <= LONGEST && encoded !== '') return encoded;
  return `${encoded.slice(0, LONGEST - 33)}-${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}
