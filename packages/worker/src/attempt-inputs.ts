/** What an attempt needs beside its claim: code, results of upstream tasks, connections. */
import type { ClaimedAttempt } from '@headrace/ports';
import { type ConnectionSettings, variableNameOf } from '@headrace/sdk';
import type { BundleCache, CachedBundle } from './bundle-cache.ts';
import { type FlowSources, type UpstreamInputs, upstreamInputs } from './flow-inputs.ts';

export interface AttemptInputs extends UpstreamInputs {
  readonly bundle: CachedBundle;
  readonly connections: readonly ConnectionSettings[];
  readonly timeoutMs: number;
}

/** In the configuration at once, in the store with a promise. */
export type ConnectionLookup = (id: string) => ConnectionSettings | undefined | Promise<ConnectionSettings | undefined>;

export interface InputSources extends FlowSources {
  readonly bundles: BundleCache;
  /** Undefined: there is no connection of this id. */
  readonly connections: ConnectionLookup;
}

/** Something that another try in a second would not find either. */
export class MissingInputError extends Error {
  readonly code: 'HR_CODE_UNAVAILABLE' | 'HR_CONNECTION_UNKNOWN';
  constructor(code: MissingInputError['code'], message: string) {
    super(message);
    this.name = 'MissingInputError';
    this.code = code;
  }
}

/** Throws MissingInputError, and what the store throws. */
export async function attemptInputs(claimed: ClaimedAttempt, sources: InputSources): Promise<AttemptInputs> {
  const { bundles, connections } = sources;
  const bundle = await bundles.get(claimed.versionId);
  const task = bundle.tasks.get(claimed.taskId);
  if (task === undefined) {
    throw new MissingInputError('HR_CODE_UNAVAILABLE', `This version of DAG "${claimed.dagId}" has no task "${claimed.taskId}"`);
  }
  const given: ConnectionSettings[] = [];
  for (const id of task.connections) given.push((await connections(id)) ?? unknownConnection(claimed.taskId, id));
  return {
    bundle,
    ...(await upstreamInputs(claimed, task, bundle, sources)),
    connections: given,
    timeoutMs: task.executionTimeoutMs,
  };
}

function unknownConnection(taskId: string, id: string): never {
  const variable = variableNameOf(id);
  if (variable !== undefined)
    throw new MissingInputError('HR_CONNECTION_UNKNOWN', `Task "${taskId}" needs the variable "${variable}", and there is none: add it`);
  throw new MissingInputError(
    'HR_CONNECTION_UNKNOWN',
    `Task "${taskId}" needs the connection "${id}", which this worker does not have: add it with \`headrace connections add ${id}\`, or set HEADRACE_CONN_${id.toUpperCase()} to its URL`,
  );
}
