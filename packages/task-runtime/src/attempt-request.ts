/** What the pool is asked to run, and what it answers. */
import type { AttemptError, AttemptProgress, AttemptReport } from '@headrace/core';
import type { ClaimedAttempt, DataReport, EndedWait, NewAssetEvent, StoredResult } from '@headrace/ports';
import type { ConnectionSettings, TriggerDagRequest } from '@headrace/sdk';
import type { FinishedSpan } from '@headrace/tracing';
import type { SentAssetEvent, TraceContext } from './protocol.ts';

export interface AttemptRequest {
  readonly attempt: ClaimedAttempt;
  /** The bundle of the run's version, as `writeBundle` left it. */
  readonly bundle: { readonly hash: string; readonly path: string };
  /** Upstream task id → its result. A task without a result is absent. */
  readonly results: ReadonlyMap<string, StoredResult>;
  /** Those that the task declared, no other. */
  readonly connections: readonly ConnectionSettings[];
  /** From its start in a task process. */
  readonly timeoutMs: number;
  /** By how much the store's clock is ahead of this machine's. Default 0. */
  readonly aheadMs?: number;
  /** Absent for a plain task. */
  readonly flow?: FlowInputs;
  /** The span that spans of this attempt lie below, and lines of its log name. Absent: nobody wants them. */
  readonly trace?: TraceContext;
}

/** What an attempt needs of the flow of its run beside the results of upstream tasks. */
export interface FlowInputs {
  /** Of an instance of a mapped task, in the order of what it is mapped over: the item, or its place among the items of the DAG file. */
  readonly items?: readonly ({ readonly index: number } | StoredResult)[];
  /** What the gate of its loop gave in the iteration before. */
  readonly loopState?: StoredResult;
  /** Upstream task id → the results of its instances. */
  readonly mapped?: ReadonlyMap<string, MappedSource>;
  readonly triggeringEvents?: readonly SentAssetEvent[];
  /** Whether no later run of the DAG is due yet. */
  readonly latest?: boolean;
  /** Something is mapped over its result. */
  readonly countItems?: boolean;
  /** Of a task that decides: the tasks directly downstream of it. */
  readonly downstream?: readonly string[];
}

/** Results of a mapped task's instances that succeeded, by map index. */
export interface MappedSource {
  readonly length: number;
  /** An instance without a result gives undefined. */
  page(from: number, count: number): Promise<readonly (StoredResult | undefined)[]>;
}

/** A function of a DAG file that is told of something. */
export interface HookRequest {
  readonly bundle: { readonly hash: string; readonly path: string };
  readonly dagId: string;
  /** By the name that the spec calls it. */
  readonly hook: string;
  /** What it is called with. */
  readonly notice: Readonly<Record<string, unknown>>;
  /** Identifies the notice; with the try it names the log. */
  readonly noticeId: string;
  /** 1 for the first delivery. */
  readonly tryNumber: number;
  readonly timeoutMs: number;
}

export interface HookResult {
  /** Absent: it was delivered. */
  readonly error?: AttemptError;
  /** Absent when the hook wrote nothing. */
  readonly logKey?: string;
  /** The worker went away meanwhile: nothing is said about the hook. */
  readonly interrupted?: boolean;
}

/**
 * Why an attempt is stopped. `cancelled`: a person or the scheduler took it back. `interrupted`: the worker shuts down.
 * `lease_lost`: somebody else may run it by now, so it is killed without grace.
 */
export type StopReason = 'cancelled' | 'interrupted' | 'lease_lost';

export interface RunHooks {
  /** Aborted with a StopReason as its reason. */
  readonly signal?: AbortSignal;
  /** Rejects with NotStartedError when no process was free within this time. Absent: waits for ever. */
  readonly startWithinMs?: number;
  /** A process has begun with it. */
  onStart?(): void;
  /** At most once a second, of tasks that say how far they are. `runMs`: since its process began with it. */
  onProgress?(progress: AttemptProgress, runMs: number): void;
  /** A span of its process has ended. */
  onSpan?(span: FinishedSpan): void;
  /** Its process is free again; log and result are still being stored. */
  onFreed?(runMs: number): void;
}

export interface AttemptResult {
  readonly report: AttemptReport;
  readonly result?: StoredResult;
  /** Absent when the attempt wrote nothing. */
  readonly logKey?: string;
  readonly stopped?: StopReason | 'timeout';
  readonly assetEvents?: readonly NewAssetEvent[];
  /** What it read and wrote. Also with a failure. */
  readonly data?: DataReport;
  readonly mapLabel?: string;
  /** With a success: first this run is to be made, and waited for if it says so. */
  readonly trigger?: TriggerDagRequest;
  /** Waits that ended in this attempt. */
  readonly endedWaits?: readonly EndedWait[];
}
