/** Puts what an attempt was asked with into the words of the protocol. */
import type { AttemptRequest } from './attempt-request.ts';
import type { Inputs } from './input-files.ts';
import type { RunOrder } from './protocol.ts';

/** What can be asked for: an attempt, or a call of a hook. */
export type ExecutionRequest = AttemptRequest & Pick<RunOrder, 'hook'>;

/** `run` numbers the attempts of who runs it. */
export function runOrder(request: ExecutionRequest, run: number, inputs: Inputs, scratch: string): RunOrder {
  const { attempt, bundle, connections, aheadMs, flow, hook, trace } = request;
  const { dagId, runId, taskId, taskInstanceId, attemptId, mapIndex, maxTries, params, runAfter, logicalDate, intervalStart, intervalEnd } =
    attempt;
  return {
    type: 'run',
    run,
    bundle: { hash: bundle.hash, path: bundle.path },
    dagId,
    runId,
    taskId,
    taskInstanceId,
    attemptId,
    mapIndex,
    attempt: attempt.attempt,
    tryNumber: attempt.attempt - attempt.triesBefore,
    maxTries,
    params,
    runAfter,
    ...(logicalDate === undefined ? {} : { logicalDate }),
    ...(intervalStart === undefined ? {} : { intervalStart }),
    ...(intervalEnd === undefined ? {} : { intervalEnd }),
    results: inputs.results,
    connections,
    scratch,
    ...(aheadMs === undefined ? {} : { aheadMs }),
    ...(attempt.partitionKey === undefined ? {} : { partitionKey: attempt.partitionKey }),
    ...(attempt.firstStartedAt === undefined ? {} : { firstStartedAt: attempt.firstStartedAt }),
    ...(attempt.waits === undefined ? {} : { waits: attempt.waits }),
    ...(attempt.openWait === undefined ? {} : { openWait: attempt.openWait }),
    ...(flow?.triggeringEvents === undefined ? {} : { triggeringEvents: flow.triggeringEvents }),
    ...(flow?.latest === undefined ? {} : { latest: flow.latest }),
    ...(flow?.countItems === undefined ? {} : { countItems: flow.countItems }),
    ...(flow?.downstream === undefined ? {} : { downstream: flow.downstream }),
    ...(inputs.items === undefined ? {} : { items: inputs.items }),
    ...(inputs.loopState === undefined ? {} : { loopState: inputs.loopState }),
    ...(hook === undefined ? {} : { hook }),
    ...(trace === undefined ? {} : { trace }),
  };
}
