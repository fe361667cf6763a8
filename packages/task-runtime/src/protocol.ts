/**
 * What a worker and a task process say to each other: one JSON object a line.
 *
 * Orders go to the process on descriptor 3; frames come from it on descriptor 4, which the process writes synchronously, so that
 * nothing is lost when it dies, and so that a task that floods its output waits for the worker to read it.
 *
 * P1. Whatever arrives is checked before it is believed: user code can write to any descriptor of its process.
 * P2. A frame belongs to the attempt whose number (`run`) it carries; one of an attempt that is over is dropped.
 * P3. Values of tasks pass as the text that `encodeValue` made and are not looked at on the way.
 */
import type { AttemptError, AttemptProgress, Decision, Instant, Wait } from '@headrace/core';
import type { DataReport, EndedWait, NewAssetEvent } from '@headrace/ports';
import type { ConnectionSettings, TriggerDagRequest } from '@headrace/sdk';
import { type FinishedSpan, isFinishedSpan } from '@headrace/tracing/span';
import { isDataReport } from './data-report-check.ts';
import { ProtocolError } from './errors.ts';

/** Raised on an incompatible change. Both sides come from the same installation, but may be started before and after an upgrade. */
export const PROTOCOL_VERSION = 1;
export const ORDER_FD = 3;
export const FRAME_FD = 4;

/** An upstream result: its text, or a file that holds the text. */
export type ValueSource = { readonly json: string } | { readonly file: string };

/** An input of a task; of a mapped upstream task only how many results there are, which the process asks for in pages. */
export type InputSource = ValueSource | { readonly mapped: number };

/** Where an instance of a mapped task finds its item: among the items that its DAG file has, or here. */
export type ItemSource = { readonly index: number } | ValueSource;

/** An event of an asset that made the run. */
export interface SentAssetEvent {
  readonly asset: string;
  readonly partition?: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly at: Instant;
}

export interface RunOrder {
  readonly type: 'run';
  /** Counts the attempts of this process. */
  readonly run: number;
  readonly bundle: { readonly hash: string; readonly path: string };
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly taskInstanceId: string;
  readonly attemptId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  /** 1 for the first try, not counting what does not count as a try. */
  readonly tryNumber: number;
  readonly maxTries: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly runAfter: Instant;
  readonly logicalDate?: Instant;
  readonly intervalStart?: Instant;
  readonly intervalEnd?: Instant;
  /** Upstream task id → its result. A task without a result is absent. */
  readonly results: Readonly<Record<string, InputSource>>;
  readonly connections: readonly ConnectionSettings[];
  /** May not exist yet. */
  readonly scratch: string;
  // What follows is absent for a task that has no use for it.
  /** By how much the store's clock is ahead of this machine's: what is due is counted by the store's. */
  readonly aheadMs?: number;
  readonly partitionKey?: string;
  readonly triggeringEvents?: readonly SentAssetEvent[];
  /** When the first attempt since the last clear began: total timeouts count from it. */
  readonly firstStartedAt?: Instant;
  /** Waits of this try that have ended, oldest first. */
  readonly waits?: readonly EndedWait[];
  /** A wait of this try in which the process itself looks. */
  readonly openWait?: Wait;
  /** In the order of what the task, or its group, is mapped over. */
  readonly items?: readonly ItemSource[];
  /** What the gate of its loop gave in the iteration before; absent in the first. */
  readonly loopState?: ValueSource;
  /** Whether no later run is due yet. */
  readonly latest?: boolean;
  /** Something is mapped over its result: count the items. */
  readonly countItems?: boolean;
  /** Of a task that decides: what it may follow. */
  readonly downstream?: readonly string[];
  /** This function of the DAG file is called instead of a task. */
  readonly hook?: { readonly name: string; readonly notice: Readonly<Record<string, unknown>> };
  /** The span that spans of this attempt lie below. Absent: nobody wants them. */
  readonly trace?: TraceContext;
}

/** The span of an attempt, in W3C terms. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** The results that a process asked for, from the first on; or why there are none. */
export interface PageOrder {
  readonly type: 'page';
  readonly run: number;
  readonly request: number;
  readonly results: readonly ValueSource[];
  readonly error?: string;
}

export type Order = RunOrder | PageOrder | { readonly type: 'stop'; readonly run: number; readonly reason: string };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** How user code ended. A result that is too long for a frame stands in a file. */
export type Ending =
  | {
      readonly outcome: 'success';
      readonly result?: ValueSource;
      readonly decision?: Decision;
      readonly assetEvents?: readonly NewAssetEvent[];
      readonly mapLabel?: string;
      /** A run is to be made, and waited for if it says so, before this is a success. */
      readonly trigger?: TriggerDagRequest;
      /** What it read and wrote. */
      readonly data?: DataReport;
      readonly endedWaits?: readonly EndedWait[];
    }
  | { readonly outcome: 'skipped'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly error: AttemptError; readonly data?: DataReport }
  /** A sensor that looked in vain. */
  | { readonly outcome: 'rescheduled'; readonly dueAt: Instant }
  /** With `lookAt`: the process looks itself, again at this time. `endedWaits`: what this attempt waited for and has got. */
  | { readonly outcome: 'waiting'; readonly wait: Wait; readonly lookAt?: Instant; readonly endedWaits?: readonly EndedWait[] };

export type Frame =
  | { readonly type: 'ready'; readonly version: number; readonly rssBytes: number }
  /** Output of the task's own process, in pieces that need not be lines. */
  | { readonly type: 'output'; readonly run: number; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | {
      readonly type: 'log';
      readonly run: number;
      readonly level: LogLevel;
      readonly message: string;
      readonly fields?: Readonly<Record<string, unknown>>;
      /** The message goes on, but was too long. */
      readonly cut?: boolean;
      /** In which span of a trace it was written. */
      readonly spanId?: string;
    }
  /** A span that has ended. */
  | { readonly type: 'span'; readonly run: number; readonly span: FinishedSpan }
  /** How far it is. At most once a second. */
  | ({ readonly type: 'progress'; readonly run: number } & AttemptProgress)
  /** Asks for results of a mapped upstream task. Answered by a `page` with the same number. */
  | {
      readonly type: 'ask';
      readonly run: number;
      readonly request: number;
      readonly taskId: string;
      readonly from: number;
      readonly count: number;
    }
  | {
      readonly type: 'end';
      readonly run: number;
      readonly ending: Ending;
      /** Now and then. */
      readonly rssBytes?: number;
      /** Modules of bundles that the process holds; they cannot be unloaded. */
      readonly bundles: number;
      /** Its scratch folder exists. */
      readonly scratch?: boolean;
      /** The attempt left something behind (a process of its own, a broken state): run no other in this process. */
      readonly spoiled?: boolean;
    };

const LEVELS: ReadonlySet<unknown> = new Set<LogLevel>(['debug', 'info', 'warn', 'error']);

/** Checks a line of a task process. Throws ProtocolError. */
export function parseFrame(line: string): Frame {
  const frame = parseObject(line);
  const valid = (): boolean => {
    switch (frame.type) {
      case 'ready':
        return isCount(frame.version) && isCount(frame.rssBytes);
      case 'output':
        return isCount(frame.run) && (frame.stream === 'stdout' || frame.stream === 'stderr') && typeof frame.text === 'string';
      case 'log':
        return (
          isCount(frame.run) &&
          LEVELS.has(frame.level) &&
          typeof frame.message === 'string' &&
          optional(frame.fields, isObject) &&
          optional(frame.cut, isBoolean) &&
          optional(frame.spanId, isSpanId)
        );
      case 'span':
        return isCount(frame.run) && isFinishedSpan(frame.span);
      case 'progress':
        return (
          isCount(frame.run) &&
          isString(frame.phase) &&
          ['rows', 'bytes', 'totalRows', 'totalBytes'].every((name) => optional(frame[name], isCount))
        );
      case 'ask':
        return (
          isCount(frame.run) && isCount(frame.request) && typeof frame.taskId === 'string' && isCount(frame.from) && isCount(frame.count)
        );
      case 'end':
        return (
          isCount(frame.run) &&
          isEnding(frame.ending) &&
          optional(frame.rssBytes, isCount) &&
          isCount(frame.bundles) &&
          optional(frame.scratch, isBoolean) &&
          optional(frame.spoiled, isBoolean)
        );
      default:
        return false;
    }
  };
  if (!valid()) throw new ProtocolError(`a task process sent a frame that is not of protocol ${PROTOCOL_VERSION}: ${excerpt(line)}`);
  return frame as unknown as Frame;
}

/** Reads a line of the worker, which is trusted in all but its version. Throws ProtocolError. */
export function parseOrder(line: string): Order {
  const order = parseObject(line);
  const valid =
    isCount(order.run) &&
    ((order.type === 'run' && isObject(order.bundle) && isObject(order.results) && Array.isArray(order.connections)) ||
      (order.type === 'page' && isCount(order.request) && Array.isArray(order.results)) ||
      (order.type === 'stop' && typeof order.reason === 'string'));
  if (!valid) throw new ProtocolError(`the worker sent an order that is not of protocol ${PROTOCOL_VERSION}`);
  return order as unknown as Order;
}

/** A line of the protocol, with its line end. */
export function formatLine(message: Order | Frame): string {
  return `${JSON.stringify(message)}\n`;
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new ProtocolError(`this is not a line of JSON: ${excerpt(line)}`);
  }
  if (!isObject(parsed)) throw new ProtocolError(`this is not a JSON object: ${excerpt(line)}`);
  return parsed;
}

function isEnding(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { outcome, result, error } = value;
  if (outcome === 'skipped') return typeof value.reason === 'string';
  if (outcome === 'failed') return isAttemptError(error) && optional(value.data, isDataReport);
  if (outcome === 'rescheduled') return isCount(value.dueAt);
  if (outcome === 'waiting') return isWait(value.wait) && optional(value.lookAt, isCount) && optional(value.endedWaits, isListOfEnded);
  return (
    outcome === 'success' &&
    optional(result, (each) => isObject(each) && (typeof each.json === 'string' || typeof each.file === 'string')) &&
    optional(value.decision, isDecision) &&
    optional(value.assetEvents, (each) => Array.isArray(each) && each.every(isAssetEvent)) &&
    optional(value.mapLabel, isString) &&
    optional(value.trigger, (each) => isObject(each) && isString(each.dagId) && isObject(each.params)) &&
    optional(value.data, isDataReport) &&
    optional(value.endedWaits, isListOfEnded)
  );
}

function isDecision(value: unknown): boolean {
  return (
    isObject(value) &&
    optional(value.items, isCount) &&
    optional(value.follow, (each) => Array.isArray(each) && each.every(isString)) &&
    optional(value.again, isBoolean)
  );
}

function isAssetEvent(value: unknown): boolean {
  return isObject(value) && isString(value.asset) && optional(value.partition, isString) && optional(value.extra, isObject);
}

const ON_TIMEOUT: ReadonlySet<unknown> = new Set(['fail', 'skip', 'continue']);
const CONDITIONS: ReadonlySet<unknown> = new Set(['time', 'asset', 'run', 'webhook', 'input', 'poll']);

function isWait(value: unknown): boolean {
  return (
    isObject(value) &&
    isString(value.key) &&
    isObject(value.condition) &&
    CONDITIONS.has(value.condition.kind) &&
    optional(value.timeoutAt, (each) => typeof each === 'number') &&
    optional(value.tokenHash, isString) &&
    ON_TIMEOUT.has(value.onTimeout)
  );
}

function isListOfEnded(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((each) => isObject(each) && isString(each.key) && isObject(each.condition) && isString(each.outcome))
  );
}

function isAttemptError(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.name === 'string' &&
    typeof value.message === 'string' &&
    optional(value.code, isString) &&
    optional(value.stack, isString) &&
    optional(value.retryable, isBoolean) &&
    optional(value.retryAfterMs, (each) => typeof each === 'number')
  );
}

function isSpanId(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function optional(value: unknown, check: (value: unknown) => boolean): boolean {
  return value === undefined || check(value);
}

function excerpt(line: string): string {
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}
