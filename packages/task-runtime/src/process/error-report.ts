/** What is reported of whatever user code threw. */
import { inspect } from 'node:util';
import type { AttemptError } from '@headrace/core';
import { clip } from '../clipped.ts';
import type { Ending } from '../protocol.ts';

const MAX_MESSAGE = 8_192;
const MAX_STACK = 16_384;
const MAX_CAUSES = 5;
const SKIP_CODE = 'HR_SKIP_TASK';
/** Frames that say nothing about the user's code. */
const OURS = /^\s+at .*(?:node:internal|node:async_hooks|packages\/task-runtime\/src\/process\/|@headrace\/task-runtime\/)/;

/** How an attempt ended that threw. Known by code, so that any copy of the SDK will do. `bundleDir` is cut off the stack's positions. */
export function endingOf(thrown: unknown, bundleDir: string): Ending {
  try {
    if (thrown instanceof Error && (thrown as { code?: unknown }).code === SKIP_CODE)
      return { outcome: 'skipped', reason: clip(thrown.message, MAX_MESSAGE) };
    return { outcome: 'failed', error: attemptError(thrown, bundleDir) };
  } catch (error) {
    return { outcome: 'failed', error: { name: 'Error', message: `The task threw something that cannot be described: ${typeof error}` } };
  }
}

function attemptError(thrown: unknown, bundleDir: string): AttemptError {
  if (!isErrorLike(thrown))
    return { name: 'NonErrorThrown', message: clip(`The task threw ${inspect(thrown, { depth: 2 })}: throw an Error`, MAX_MESSAGE) };
  const { code, retryable, retryAfterMs } = thrown as { code?: unknown; retryable?: unknown; retryAfterMs?: unknown };
  return {
    name: nameOf(thrown),
    message: clip(messageOf(thrown), MAX_MESSAGE),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    stack: clip(stackOf(thrown, bundleDir), MAX_STACK),
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  };
}

/** Also errors of another realm. */
function isErrorLike(thrown: unknown): thrown is Error {
  return thrown instanceof Error || (typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown);
}

function nameOf(error: Error): string {
  const name = String(error.name || 'Error');
  const className = error.constructor?.name;
  return name === 'Error' && className ? className : name;
}

function messageOf(error: Error): string {
  const message = String(error.message);
  if (!(error instanceof AggregateError)) return message;
  const inner = error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join('; ');
  return message === '' ? inner : `${message} (${inner})`;
}

function stackOf(error: Error, bundleDir: string): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  for (let at: unknown = error; isErrorLike(at) && !seen.has(at) && parts.length < MAX_CAUSES; at = at.cause) {
    seen.add(at);
    const text = typeof at.stack === 'string' ? at.stack : `${at.name}: ${at.message}`;
    parts.push(`${parts.length === 0 ? '' : 'Caused by: '}${ownFrames(text, bundleDir)}`);
  }
  return parts.join('\n');
}

function ownFrames(stack: string, bundleDir: string): string {
  const frames = stack
    .split('\n')
    .filter((line) => !OURS.test(line))
    .join('\n');
  return bundleDir === '' ? frames : frames.replaceAll(`file://${bundleDir}/`, '').replaceAll(`${bundleDir}/`, '');
}
