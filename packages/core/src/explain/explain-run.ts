/** Why a run is not running. */
import type { Instant } from '../model/dag.ts';
import type { OverlapPolicy } from '../model/schedule-spec.ts';
import type { RunStatus } from '../model/states.ts';
import { isoInstant } from '../notices/iso-instant.ts';
import { blockersFirst, type Explanation, inWords } from './explanation.ts';

/** How a run stands to what decides whether it may start. What is absent is not known, or does not concern it. */
export interface RunStanding {
  readonly status: RunStatus;
  readonly runAfter: Instant;
  readonly paused?: boolean;
  readonly pausedReason?: string;
  /** Runs of the DAG that are running, this one not counted. */
  readonly activeRuns?: number;
  readonly maxActiveRuns?: number;
  /** Queued runs of the DAG that come before this one. */
  readonly queuedBefore?: number;
  /** Assets that hold it until the condition on them is met; empty: it was held and no longer is. */
  readonly heldFor?: readonly string[];
  readonly overlap?: OverlapPolicy;
  /** Ids of runs that are active. */
  readonly activeRunIds?: readonly string[];
}

/** The conditions of a run in the order in which it meets them, those that failed before those that passed. */
export function explainRun(run: RunStanding, now: Instant): readonly Explanation[] {
  if (run.status === 'running') return [{ rule: 'run_status', passed: true, reason: 'The run is running' }];
  if (run.status !== 'queued') {
    return [{ rule: 'run_status', passed: false, reason: `The run has ended (${run.status}); clear it to run it again` }];
  }
  const conditions = [paused(run), runAfter(run, now), held(run), overlapping(run), activeRuns(run)].filter((one) => one !== undefined);
  const blocked = conditions.some((one) => !one.passed);
  const status: Explanation = {
    rule: 'run_status',
    passed: false,
    reason: blocked ? 'The run is queued' : 'The run is queued and nothing keeps it: the scheduler starts it next',
  };
  return blockersFirst(blocked ? [...conditions, status] : [status, ...conditions]);
}

function paused({ paused: isPaused, pausedReason }: RunStanding): Explanation | undefined {
  if (isPaused === undefined) return undefined;
  if (!isPaused) return { rule: 'dag_paused', passed: true, reason: 'The DAG is not paused' };
  return { rule: 'dag_paused', passed: false, reason: pausedReason ?? 'The DAG is paused: un-pause it to let its runs start' };
}

function runAfter({ runAfter: at }: RunStanding, now: Instant): Explanation {
  const left = at - now;
  if (left <= 0) return { rule: 'run_after', passed: true, reason: `It is due since ${isoInstant(at)}` };
  return { rule: 'run_after', passed: false, reason: `It is due at ${isoInstant(at)}, in ${inWords(left)}` };
}

function held({ heldFor }: RunStanding): Explanation | undefined {
  if (heldFor === undefined) return undefined;
  if (heldFor.length === 0) return { rule: 'assets', passed: true, reason: 'The condition on its assets is met' };
  return {
    rule: 'assets',
    passed: false,
    reason: `It is held until the condition on its assets is met: ${heldFor.map((name) => `"${name}"`).join(', ')}`,
  };
}

function overlapping({ overlap, activeRunIds = [] }: RunStanding): Explanation | undefined {
  if (overlap === undefined || overlap === 'allow') return undefined;
  if (activeRunIds.length === 0) return { rule: 'overlap', passed: true, reason: `No run of the DAG is active (overlap: ${overlap})` };
  const which = activeRunIds.length === 1 ? `run "${activeRunIds[0]}"` : `${activeRunIds.length} runs, "${activeRunIds[0]}" first`;
  return { rule: 'overlap', passed: false, reason: `It waits for the end of ${which} (overlap: ${overlap})` };
}

function activeRuns({ activeRuns: active, maxActiveRuns, queuedBefore = 0 }: RunStanding): Explanation | undefined {
  if (active === undefined || maxActiveRuns === undefined) return undefined;
  const free = maxActiveRuns - active;
  const passed = free > queuedBefore;
  const before = queuedBefore === 0 ? '' : `, and ${queuedBefore} queued before it`;
  return { rule: 'max_active_runs', passed, reason: `${active} of at most ${maxActiveRuns} runs of the DAG are running${before}` };
}
