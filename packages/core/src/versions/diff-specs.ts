/**
 * What differs between two versions of a DAG: its tasks and edges, its schedule, and whatever else its spec says.
 *
 * V1. Equal specs give an empty diff, whatever the order of their fields.
 * V2. The diff from b to a is that from a to b with before and after, and added and removed, exchanged.
 * V3. Where a task stands in its file is no difference.
 */
import type { DagSpec, TaskSpec } from '../model/dag.ts';

export interface FieldChange {
  /** Within the task or the DAG: `retries.max`. Lists are compared as a whole. */
  readonly path: string;
  /** Absent: the field was not there. */
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface TaskChanges {
  readonly taskId: string;
  readonly fields: readonly FieldChange[];
}

export interface TaskEdge {
  readonly from: string;
  readonly to: string;
}

export interface SpecDiff {
  readonly tasks: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly TaskChanges[];
  };
  readonly edges: { readonly added: readonly TaskEdge[]; readonly removed: readonly TaskEdge[] };
  readonly schedule: readonly FieldChange[];
  /** Of the DAG itself, but its schedule and tasks. */
  readonly dag: readonly FieldChange[];
}

/** The diff from the spec `before` to the spec `after`. All lists are sorted. */
export function diffSpecs(before: DagSpec, after: DagSpec): SpecDiff {
  const old = new Map(before.tasks.map((task) => [task.taskId, task]));
  const now = new Map(after.tasks.map((task) => [task.taskId, task]));
  const changed: TaskChanges[] = [];
  for (const taskId of sorted(old.keys())) {
    const [a, b] = [old.get(taskId), now.get(taskId)];
    if (a === undefined || b === undefined) continue;
    const fields = diffFields(comparableTask(a), comparableTask(b));
    if (fields.length > 0) changed.push({ taskId, fields });
  }
  return {
    tasks: {
      added: sorted(now.keys()).filter((taskId) => !old.has(taskId)),
      removed: sorted(old.keys()).filter((taskId) => !now.has(taskId)),
      changed,
    },
    edges: { added: edgesWithout(after, before), removed: edgesWithout(before, after) },
    schedule: diffFields(before.schedule, after.schedule),
    dag: diffFields(comparableDag(before), comparableDag(after)),
  };
}

/** Whether there is no difference at all. */
export function isSameSpec({ tasks, edges, schedule, dag }: SpecDiff): boolean {
  const lists: readonly (readonly unknown[])[] = [tasks.added, tasks.removed, tasks.changed, edges.added, edges.removed, schedule, dag];
  return lists.every((list) => list.length === 0);
}

/** Edges are told apart from fields. */
function comparableTask({ taskId: _, upstream: _upstream, source: _source, ...rest }: TaskSpec): object {
  return rest;
}

function comparableDag({ tasks: _, schedule: _schedule, formatVersion: _version, ...rest }: DagSpec): object {
  return rest;
}

function edgesWithout(spec: DagSpec, other: DagSpec): readonly TaskEdge[] {
  const theirs = new Set(edgesOf(other).map(edgeKey));
  return edgesOf(spec).filter((edge) => !theirs.has(edgeKey(edge)));
}

function edgesOf({ tasks }: DagSpec): readonly TaskEdge[] {
  const edges = tasks.flatMap((task) => [...new Set(task.upstream)].map((from) => ({ from, to: task.taskId })));
  return edges.sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to));
}

function edgeKey({ from, to }: TaskEdge): string {
  return JSON.stringify([from, to]);
}

function diffFields(before: unknown, after: unknown, path = ''): readonly FieldChange[] {
  if (isRecord(before) && isRecord(after)) {
    const names = sorted(new Set([...Object.keys(before), ...Object.keys(after)]));
    return names.flatMap((name) => diffFields(before[name], after[name], path === '' ? name : `${path}.${name}`));
  }
  if (isSame(before, after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Specs are plain JSON: the order of an object's fields says nothing. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, index) => isSame(one, b[index]));
  if (!isRecord(a) || !isRecord(b)) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => isSame(a[name], b[name]));
}

function sorted(names: Iterable<string>): readonly string[] {
  return [...names].sort(compare);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
