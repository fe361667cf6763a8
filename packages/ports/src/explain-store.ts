/** Reads that explain: how runs and task instances stand to what keeps them from running. For people; nothing here takes part in a decision. */
import type { RunStanding, SlotStanding } from '@headrace/core';

export interface ExplainStore {
  /** How a run stands to what decides whether it may start. Undefined: no such run. */
  run(runKey: string): Promise<(RunStanding & RunOriginRecord) | undefined>;
  /** How the limits of a task instance stand. Undefined: no such task instance. */
  slot(taskInstanceId: string): Promise<SlotStanding | undefined>;
}

export interface RunOriginRecord {
  readonly backfill?: { readonly id: string; readonly user?: string };
}
