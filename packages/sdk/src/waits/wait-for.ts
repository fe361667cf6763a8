/** Ready-made waits, for which no function has to be written. None holds a slot while it waits. */
import type { RunStatus, TaskStatus } from '@headrace/core';
import type { AnyAsset } from '../assets/asset.ts';
import { assetParts } from '../assets/asset.ts';
import type { DagDefinition, Reference, TaskDefinition } from '../definition.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { checkId } from '../ids.ts';
import type { CommonTaskOptions } from '../options/task-options.ts';
import { FailTask } from '../outcomes.ts';
import { isReference, resolveReferences, runValues } from '../references.ts';
import { dateInstant } from '../schedule/dates.ts';
import { defineFunction, type TaskFunction } from '../task.ts';
import type { AssetEvent, WaitOptions } from '../task-context.ts';
import { defineSensor, type PatienceOptions } from './sensor.ts';

/** Of an id, or the definition of the DAG. */
export type DagName = string | Pick<DagDefinition, 'dagId'>;

export interface WaitForRunOptions extends CommonTaskOptions, PatienceOptions {
  readonly dag: DagName;
  /** A task of that DAG, with the ids of its groups. Default: the run as a whole. */
  readonly task?: string;
  /** Which run: by its id, or by its logical date. Default: the one with the logical date of this run. */
  readonly runId?: string | Reference<string>;
  readonly logicalDate?: Date | string | Reference<Date | undefined>;
  /** So much before the logical date: `'1 day'` for yesterday's run. */
  readonly before?: Duration;
  /** States that are waited for. Default `success`. */
  readonly states?: readonly (RunStatus | TaskStatus)[];
  /** States that fail the wait. Default `failed`, and of a task `upstream_failed`. */
  readonly failOn?: readonly (RunStatus | TaskStatus)[];
}

/** Waits for a run of another DAG, or a task in it. Its result is the state that came. Throws DagDefinitionError as `task` does. */
export function waitForRun(id: string, options: WaitForRunOptions): TaskDefinition<string> {
  const { dag, task, runId, logicalDate, before, states = ['success'], failOn, ...rest } = options;
  const where = `Task "${id}"`;
  const dagId = dagIdOf(where, dag);
  if (task !== undefined) checkId('task', task);
  if (runId !== undefined && (logicalDate !== undefined || before !== undefined))
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}: a run is found by "runId" or by its date, not by both`);
  const beforeMs = before === undefined ? 0 : durationMs(`${where}, before`, before);
  const look: TaskFunction = (context) => {
    const wanted = { dagId, ...(task === undefined ? {} : { taskId: task }) };
    const conditions = { states, failOn: failOn ?? (task === undefined ? ['failed'] : ['failed', 'upstream_failed']) };
    const wait = { ...patience(options), ...conditions, key: 'run' };
    const found = resolveReferences({ byId: runId, date: logicalDate }, runValues(context)) as {
      readonly byId: string | undefined;
      readonly date: unknown;
    };
    if (found.byId !== undefined) return context.wait.run({ ...wanted, runId: found.byId }, wait);
    const date = logicalDate === undefined ? context.logicalDate : asDate(where, found.date);
    if (date === undefined)
      throw new FailTask(`${where}: this run has no logical date by which the run of "${dagId}" could be found; give it "runId"`);
    return context.wait.run({ ...wanted, logicalDate: new Date(date.getTime() - beforeMs) }, wait);
  };
  return defineSensor(id, { ...rest, mode: 'deferred' }, look) as TaskDefinition<string>;
}

export interface WaitForAssetOptions extends CommonTaskOptions, PatienceOptions {
  /** Of this partition. Default: of any. */
  readonly partition?: string | Reference<string | undefined>;
  /** Events after it count. Default: those after the wait began. */
  readonly since?: Date | string | Reference<Date | undefined>;
}

/** Waits for an event of an asset. Its result is the event. Throws DagDefinitionError as `task` does. */
export function waitForAsset(id: string, asset: AnyAsset, options: WaitForAssetOptions = {}): TaskDefinition<AssetEvent> {
  const { partition, since, inlets = [], ...rest } = options;
  const where = `Task "${id}"`;
  const { spec } = assetParts(where, asset);
  const look: TaskFunction = (context) => {
    const { key, from } = resolveReferences({ key: partition, from: since }, runValues(context)) as {
      readonly key: string | undefined;
      readonly from: unknown;
    };
    const after = asDate(where, from);
    return context.wait.asset(spec.name, {
      ...patience(options),
      key: 'asset',
      ...(key === undefined ? {} : { partition: key }),
      ...(after === undefined ? {} : { since: after }),
    });
  };
  const known = { ...rest, inlets: inlets.includes(asset) ? inlets : [...inlets, asset] };
  return defineSensor(id, { ...known, mode: 'deferred' }, look) as TaskDefinition<AssetEvent>;
}

export interface WaitUntilOptions extends CommonTaskOptions {
  /** A moment: a reference such as `interval.end`, a Date, or an ISO text, which is UTC without an offset. */
  readonly at: Reference<Date | undefined> | Date | string;
  /** So much later than `at`: `'6 hours'`. */
  readonly plus?: Duration;
}

/** Waits until a time has come; not at all when it is past. Throws DagDefinitionError as `task` does. */
export function waitUntil(id: string, options: WaitUntilOptions): TaskDefinition<undefined> {
  const { at, plus, ...rest } = options;
  const where = `Task "${id}"`;
  const plusMs = plus === undefined ? 0 : durationMs(`${where}, plus`, plus);
  if (!isReference(at)) dateInstant(`${where}, at`, at, 'UTC');
  const run: TaskFunction = async (context) => {
    const moment = asDate(where, resolveReferences(at, runValues(context)));
    if (moment === undefined) throw new FailTask(`${where}: the time to wait for has no value in this run`);
    await context.wait.until(new Date(moment.getTime() + plusMs), { key: 'until' });
  };
  return defineFunction(id, rest, run) as TaskDefinition<undefined>;
}

/** Throws HR_BAD_ID. */
export function dagIdOf(where: string, dag: DagName): string {
  const dagId: unknown = typeof dag === 'object' && dag !== null ? dag.dagId : dag;
  if (typeof dagId !== 'string')
    throw new DagDefinitionError('HR_BAD_ID', `${where}, dag: ${shown(dag)} is neither the id of a DAG nor one`);
  checkId('DAG', dagId);
  return dagId;
}

function asDate(where: string, value: unknown): Date | undefined {
  return value === undefined ? undefined : new Date(dateInstant(where, value, 'UTC'));
}

function patience({ timeout, softFail }: PatienceOptions): WaitOptions {
  const options = softFail === true ? { onTimeout: 'skip' as const } : {};
  return { ...options, timeout: durationMs('timeout', timeout ?? '7 days') };
}
