/** What compiles and loads, and is a mistake all the same. Pure: what is known about the surroundings is given. */
import { type DagSpec, type Instant, timetableOf, upcomingRuns } from '@headrace/core';
import type { Finding } from './finding.ts';

export interface LintedDag {
  readonly file: string;
  readonly spec: DagSpec;
}

export interface LintContext {
  readonly now: Instant;
  /** Slots by name; −1: unlimited. Absent: nobody could be asked. */
  readonly pools?: ReadonlyMap<string, number>;
  /** Queues that workers serve. */
  readonly queues: ReadonlySet<string>;
  /** Ids. Absent: nobody could be asked. */
  readonly connections?: ReadonlySet<string>;
  readonly requireOwner: boolean;
  /** Every DAG has one of these tags. Empty: any will do, and none. */
  readonly tags: readonly string[];
}

type Report = (rule: string, message: string, taskId?: string) => void;

export function lint(dags: readonly LintedDag[], context: LintContext): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { file, spec } of dags) {
    const report: Report = (rule, message, taskId) => {
      const at = spec.tasks.find((task) => task.taskId === taskId)?.source;
      findings.push({
        severity: ERRORS.has(rule) ? 'error' : 'warning',
        rule,
        message,
        file,
        dagId: spec.dagId,
        ...(taskId === undefined ? {} : { taskId }),
        ...(at === undefined ? {} : { file: at.file, line: at.line, column: at.column }),
      });
    };
    lintSchedule(spec, context.now, report);
    lintTasks(spec, context, report);
    lintOwnership(spec, context, report);
  }
  return [...findings, ...doubles(dags)];
}

/** Runs of such a DAG could not do what it says. */
const ERRORS = new Set(['unknown-connection', 'unknown-pool', 'pool-too-small', 'missing-owner', 'missing-tag', 'double-dag']);

function lintSchedule(spec: DagSpec, now: Instant, report: Report): void {
  const { schedule, catchup, startAt, endAt, overlap } = spec;
  if (timetableOf(schedule) === undefined) {
    const unused = [
      ...(catchup.kind === 'off' ? [] : ['catchup']),
      ...(startAt === undefined ? [] : ['start']),
      ...(endAt === undefined ? [] : ['end']),
      ...(overlap === undefined || schedule.kind !== 'manual' ? [] : ['overlap']),
    ];
    if (unused.length > 0) report('unused-option', `${unused.join(', ')} has no effect: the DAG has no schedule in time`);
    return;
  }
  if (startAt !== undefined && endAt !== undefined && endAt < startAt)
    report('never-runs', 'end lies before start: the schedule never makes a run');
  else if (endAt !== undefined && endAt < now)
    report('ended', `The schedule has ended at ${new Date(endAt).toISOString()}: it makes no more runs`);
}

function lintTasks({ tasks }: DagSpec, { pools, queues, connections }: LintContext, report: Report): void {
  if (tasks.length === 0) report('no-tasks', 'The DAG has no tasks: its runs succeed at once');
  for (const { taskId, pool, poolSlots, queue, connections: declared, retries } of tasks) {
    const slots = pools?.get(pool);
    if (pools !== undefined && slots === undefined)
      report(
        'unknown-pool',
        `Task "${taskId}" would wait for ever: there is no pool "${pool}". Make it: headrace pools set ${pool} <slots>`,
        taskId,
      );
    if (slots !== undefined && slots >= 0 && slots < poolSlots)
      report(
        'pool-too-small',
        `Task "${taskId}" would wait for ever: it needs ${poolSlots} slots of "${pool}", which has ${slots}`,
        taskId,
      );
    if (!queues.has(queue))
      report(
        'unknown-queue',
        `Task "${taskId}" would wait for ever: no worker serves the queue "${queue}" (HEADRACE_WORKER_QUEUES: ${[...queues].join(', ')})`,
        taskId,
      );
    for (const id of connections === undefined ? [] : declared)
      if (connections?.has(id) === false)
        report(
          'unknown-connection',
          `Task "${taskId}" would fail: there is no connection "${id}". Add it: headrace connections add ${id}`,
          taskId,
        );
    if (retries.max === 0 && retries.rules.length > 0)
      report('unused-option', `Task "${taskId}" has rules for retries and no retries`, taskId);
  }
}

function lintOwnership({ dagId, owners, tags }: DagSpec, { requireOwner, tags: allowed }: LintContext, report: Report): void {
  if (requireOwner && owners.length === 0) report('missing-owner', `DAG "${dagId}" has no owner: say owners: ['…']`);
  if (allowed.length > 0 && !tags.some((tag) => allowed.includes(tag)))
    report('missing-tag', `DAG "${dagId}" has none of the tags ${allowed.join(', ')}`);
}

function doubles(dags: readonly LintedDag[]): readonly Finding[] {
  const first = new Map<string, string>();
  return dags.flatMap(({ file, spec: { dagId } }) => {
    const before = first.get(dagId);
    first.set(dagId, before ?? file);
    const message = `DAG "${dagId}" is defined in ${before} already: ids must be unique`;
    return before === undefined ? [] : [{ severity: 'error' as const, rule: 'double-dag', message, file, dagId }];
  });
}

/** Of a DAG that is seen for the first time now. Nothing for a schedule that only its own function, or an asset, knows. */
export function nextRunOf(spec: DagSpec, now: Instant): Instant | undefined {
  if (spec.pausedUponCreation || timetableOf(spec.schedule) === undefined) return undefined;
  const bounds = {
    ...(spec.startAt === undefined ? {} : { startAt: spec.startAt }),
    ...(spec.endAt === undefined ? {} : { endAt: spec.endAt }),
  };
  const history = { ...bounds, catchup: spec.catchup, firstSeenAt: now, activeSince: now, dagId: spec.dagId };
  return upcomingRuns(spec.schedule, history, now, 1)[0]?.runAfter;
}
