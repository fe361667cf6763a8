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
import type { AttemptError, Instant } from '@headrace/core';
import type { ConnectionSettings } from '@headrace/sdk';
import { ProtocolError } from './errors.ts';

/** Raised on an incompatible change. Both sides come from the same installation, but may be started before and after an upgrade. */
export const PROTOCOL_VERSION = 1;
export const ORDER_FD = 3;
export const FRAME_FD = 4;

/** An upstream result: its text, or a file that holds the text. */
export type InputSource = { readonly json: string } | { readonly file: string };

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
}

export type Order = RunOrder | { readonly type: 'stop'; readonly run: number; readonly reason: string };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** How user code ended. A result that is too long for a frame stands in a file. */
export type Ending =
  | { readonly outcome: 'success'; readonly result?: { readonly json: string } | { readonly file: string } }
  | { readonly outcome: 'skipped'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly error: AttemptError };

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
        return isCount(frame.run) && LEVELS.has(frame.level) && typeof frame.message === 'string' && optional(frame.fields, isObject);
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
  if (outcome === 'failed') return isAttemptError(error);
  return (
    outcome === 'success' && optional(result, (each) => isObject(each) && (typeof each.json === 'string' || typeof each.file === 'string'))
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
