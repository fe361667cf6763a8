/** A call of a hook in the shape of an attempt, so that it is run, limited, logged and stopped as one. */
import type { HookRequest } from './attempt-request.ts';
import type { ExecutionRequest } from './run-order.ts';

/** No run has this id: run ids hold no `!`. */
const RUN_OF_HOOKS = '!hooks';

export function attemptOfHook({ bundle, dagId, hook, notice, noticeId, tryNumber, timeoutMs }: HookRequest): ExecutionRequest {
  return {
    attempt: {
      taskInstanceId: `hook-${noticeId}`,
      attemptId: String(tryNumber),
      runKey: '',
      dagId,
      runId: RUN_OF_HOOKS,
      taskId: `${hook} ${noticeId}`,
      mapIndex: -1,
      attempt: tryNumber,
      triesBefore: 0,
      maxTries: tryNumber,
      claimedAt: 0,
      versionId: '',
      runType: 'manual',
      runAfter: 0,
      params: {},
    },
    bundle,
    results: new Map(),
    connections: [],
    timeoutMs,
    hook: { name: hook, notice },
  };
}
