/**
 * A run of another DAG that a task wants made when it has ended, and perhaps waited for.
 *
 * T1. The run's id follows from the task instance, so that what is done again after a worker died finds the run that was made. It is
 *     another one after a clear, and after a try whose run came to a state in which the wait fails.
 * T2. The run is made before the task's outcome is recorded: a run may be made without its task having ended, never the other way round.
 */
import type { DagSpec, RunStatus, Wait } from '@headrace/core';
import { type ClaimedAttempt, type CommandStore, RunExistsError } from '@headrace/ports';
import type { TriggerDagRequest } from '@headrace/sdk';
import type { AttemptResult } from '@headrace/task-runtime';

/** What of the store it takes. */
export interface TriggeredRuns extends Pick<CommandStore, 'trigger' | 'loadRun'> {
  /** Undefined: there is none. */
  dag(dagId: string): Promise<{ readonly spec: Pick<DagSpec, 'paramsDefault'> } | undefined>;
  /** Asks the DAG's own validator, of its newest version. Absent: params are taken as they are, with defaults. */
  validateParams?(dagId: string, params: Params): Promise<ParamsCheck>;
}

type Params = Readonly<Record<string, unknown>>;

export type ParamsCheck =
  /** With defaults. */
  | { readonly ok: true; readonly params: Params }
  /** `path` within the params; empty for the params as a whole. */
  | { readonly ok: false; readonly issues: readonly { readonly path: string; readonly message: string }[] };

/** The DAG does not take these params, and will not at another try. */
class TriggerParamsError extends Error {
  readonly code = 'HR_INVALID_PARAMS';
  readonly retryable = false;
  constructor(issues: Extract<ParamsCheck, { ok: false }>['issues']) {
    super(issues.map(({ path, message }) => (path === '' ? message : `param "${path}": ${message}`)).join('; '));
    this.name = 'TriggerParamsError';
  }
}

/** The key of the wait, by which the task process finds that it has ended. */
const WAIT_KEY = 'triggered';

/** How the attempt ended, with the run made. An error in its way fails the attempt. */
export async function triggerRun(
  claimed: ClaimedAttempt,
  trigger: TriggerDagRequest,
  result: AttemptResult,
  runs: TriggeredRuns | undefined,
  now: number,
  /** W3C, of the attempt. */
  traceParent?: string,
): Promise<AttemptResult> {
  try {
    if (runs === undefined) throw new Error('This worker was started without the means to make runs');
    const runId = await madeRun(claimed, trigger, runs, traceParent);
    if (trigger.wait === undefined) return { ...result, result: { kind: 'inline', json: JSON.stringify(runId) } };
    const { logKey, endedWaits } = result;
    return {
      report: { outcome: 'deferred', wait: waitFor(runId, trigger, trigger.wait, now) },
      ...(logKey === undefined ? {} : { logKey }),
      ...(endedWaits === undefined ? {} : { endedWaits }),
    };
  } catch (error) {
    const { name, message, code, retryable } = error as Error & { code?: unknown; retryable?: unknown };
    const why = {
      name,
      message: `A run of DAG "${trigger.dagId}" could not be made: ${message}`,
      ...(typeof code === 'string' ? { code } : {}),
      ...(retryable === false ? { retryable } : {}),
    };
    return { report: { outcome: 'failed', error: why }, ...(result.logKey === undefined ? {} : { logKey: result.logKey }) };
  }
}

async function madeRun(
  claimed: ClaimedAttempt,
  trigger: TriggerDagRequest,
  runs: TriggeredRuns,
  traceParent: string | undefined,
): Promise<string> {
  const { dagId, logicalDate, runId: wanted } = trigger;
  const tryNumber = claimed.attempt - claimed.triesBefore;
  const params = await paramsOf(trigger, runs);
  const parent = { dagId: claimed.dagId, runId: claimed.runId, taskId: claimed.taskId };
  for (let number = 1; ; number++) {
    const runId = wanted ?? runIdOf(claimed, number);
    try {
      const made = await runs.trigger({
        dagId,
        runId,
        params,
        runType: 'manual',
        triggeredBy: 'operator',
        parent,
        ...(logicalDate === undefined ? {} : { logicalDate }),
        ...(traceParent === undefined ? {} : { traceParent }),
        ...(trigger.partition === undefined ? {} : { partitionKey: trigger.partition }),
      });
      return made.runId;
    } catch (error) {
      if (!(error instanceof RunExistsError)) throw error;
      const status = (await runs.loadRun(dagId, runId))?.status;
      // Another run has its logical date.
      if (status === undefined) throw error;
      if (wanted !== undefined || number >= tryNumber || !isLost(status, trigger)) return runId;
    }
  }
}

/** What was asked for, with the DAG's defaults. Defaults alone were found valid when the DAG was loaded. Throws TriggerParamsError. */
async function paramsOf({ dagId, params: given = {} }: TriggerDagRequest, runs: TriggeredRuns): Promise<Params> {
  const dag = await runs.dag(dagId);
  // Making the run says that there is no such DAG.
  if (dag === undefined || runs.validateParams === undefined || Object.keys(given).length === 0) {
    return { ...dag?.spec.paramsDefault, ...given };
  }
  const checked = await runs.validateParams(dagId, given);
  if (!checked.ok) throw new TriggerParamsError(checked.issues);
  return checked.params;
}

/** Of no use to a wait. */
function isLost(status: RunStatus, { wait }: TriggerDagRequest): boolean {
  return (status === 'success' || status === 'failed') && wait !== undefined && !wait.states.includes(status);
}

function runIdOf({ taskInstanceId, firstStartedAt, runAfter }: ClaimedAttempt, number: number): string {
  return `triggered__${new Date(firstStartedAt ?? runAfter).toISOString()}__${taskInstanceId}_${number}`;
}

function waitFor(runId: string, { dagId }: TriggerDagRequest, wait: NonNullable<TriggerDagRequest['wait']>, now: number): Wait {
  const { states, failOn, timeoutMs, onTimeout = 'fail' } = wait;
  return {
    key: WAIT_KEY,
    condition: { kind: 'run', dagId, run: { runId }, states: states as readonly RunStatus[], failOn: failOn as readonly RunStatus[] },
    ...(timeoutMs === undefined ? {} : { timeoutAt: now + timeoutMs }),
    onTimeout,
  };
}
