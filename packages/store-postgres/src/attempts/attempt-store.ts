/** The worker's side of the store. Claims, endings and releases of all callers share statements. */
import type { AttemptStore, ClaimedAttempt } from '@headrace/ports';
import { Batcher } from '../batcher.ts';
import type { Database } from '../database.ts';
import { listen } from '../listener.ts';
import { REVOKED } from '../notification.ts';
import { observed } from '../observed.ts';
import { retrying } from '../transaction.ts';
import { type Claim, claim } from './claim.ts';
import { type Ending, finish } from './finish.ts';
import { readBundle, readMappedRefs, readRefInStep, readResultRefs, readResults, readResultsOf } from './inputs.ts';
import { type Release, release } from './release.ts';
import { renew } from './renew.ts';
import { registerWorker, unregisterWorker } from './workers.ts';

export function createAttemptStore(database: Database): AttemptStore {
  const work = () => database.lane('work');
  const leases = () => database.lane('leases');
  const claims = new Batcher<Claim, ClaimedAttempt | undefined>('claim', database.metrics, (batch) => claim(work(), batch));
  const endings = new Batcher<Ending, boolean>('finish', database.metrics, (batch) => finish(work(), batch));
  const releases = new Batcher<Release, boolean>('release', database.metrics, (batch) => release(work(), batch));

  return {
    register: (worker, ttlMs) => registerWorker(leases(), worker, ttlMs),
    unregister: (workerId) => unregisterWorker(leases(), workerId),
    claim: (ref, workerId, leaseMs) => claims.call({ ...ref, workerId, leaseMs }),
    renew: (refs, workerId, leaseMs) => observed(database.metrics, 'renew', () => retrying(() => renew(leases(), refs, workerId, leaseMs))),
    finish: (outcome, workerId) => endings.call({ ...outcome, workerId }),
    release: (ref, workerId) => releases.call({ ...ref, workerId }),
    results: (runKey, taskIds) => readResults(work(), runKey, taskIds),
    resultRefs: (runKey, taskIds, mapIndex) => readResultRefs(work(), runKey, taskIds, mapIndex),
    mappedRefs: (runKey, taskId) => readMappedRefs(work(), runKey, taskId),
    refInStep: (runKey, taskId, consumerId, mapIndex) => readRefInStep(work(), runKey, taskId, consumerId, mapIndex),
    resultsOf: (refs) => readResultsOf(work(), refs),
    bundle: (versionId) => readBundle(work(), versionId),
    onRevoked: (listener) =>
      listen(database, REVOKED, {
        onPayload: (payload) => listener(payload.split(',')),
        // What was missed, the next renewal tells.
        onGap: () => {},
      }),
  };
}
