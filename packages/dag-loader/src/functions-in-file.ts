/**
 * Functions that a graph names: they are in its file, and timetables are pure. Part of the evaluation child.
 *
 * A timetable is asked every question twice, the second time with the clock put forward; what it answers must go on from the last interval.
 */
import type { DagSpec } from '@headrace/core';
import type { DagDefinition, TimetableAnswer, TimetableQuestion } from '@headrace/sdk';
import { DagFormatError } from './dag-format-error.ts';

/** Kept, because a file may replace it. */
const { stringify } = JSON;

/** What the graph says is in the file must be. A custom timetable is tried, so that a broken one is an import error and not found at night. */
export function checkFunctions(dag: DagDefinition, spec: DagSpec | undefined, atClock: AtClock): void {
  // What is no graph at all is refused by who gets it.
  if (spec?.schedule === undefined || !Array.isArray(spec.tasks)) return;
  for (const hook of hooksIn(spec)) {
    if (typeof dag.hooks?.get(hook) !== 'function')
      throw new DagFormatError(`DAG "${dag.dagId}" tells the function "${hook}", which is not in the file`);
  }
  const timetable = 'time' in spec.schedule ? spec.schedule.time : spec.schedule;
  if (timetable.kind !== 'custom') return;
  const earliest = spec.startAt ?? TRIAL_START;
  const first = askTwice(dag, timetable.name, { last: undefined, earliest, latest: spec.endAt }, atClock);
  if (first !== undefined)
    askTwice(dag, timetable.name, { last: { start: first.start, end: first.end }, earliest, latest: spec.endAt }, atClock);
}

/** From when a timetable is tried whose DAG has no start: any instant will do, but always the same. */
const TRIAL_START = Date.UTC(2026, 0, 1);

/** Names of functions that are told of something, anywhere in the graph. */
function hooksIn(spec: DagSpec): readonly string[] {
  const targets = [
    ...(spec.notices ?? []).map(({ via }) => via),
    ...spec.tasks.flatMap((task) => (task.notices ?? []).map(({ via }) => via)),
    ...(spec.deadlines ?? []).flatMap(({ notify }) => notify),
    ...(spec.assets ?? []).flatMap(({ freshness }) => freshness?.notify ?? []),
  ];
  return targets.flatMap((target) => (target.kind === 'code' ? [target.hook] : []));
}

/** Calls a function with the clock put forward by so much. */
export type AtClock = <T>(offsetMs: number, call: () => T) => T;

/** Far enough for another hour, day and minute. */
export const CLOCK_STEP_MS = 25 * 3_600_000 + 61_001;

/** Asks a timetable twice, the second time with the clock put forward. Throws UnstableTimetableError and TimetableFormatError. */
export function askTwice(dag: DagDefinition, name: string, question: TimetableQuestion, atClock: AtClock): TimetableAnswer | undefined {
  const next = dag.timetables?.get(name);
  if (typeof next !== 'function') throw new DagFormatError(`DAG "${dag.dagId}" has no timetable "${name}"`);
  const ask = () => readInterval(name, next(structuredClone(question)), question);
  const [first, second] = [atClock(0, ask), atClock(CLOCK_STEP_MS, ask)];
  if (stringify(first) !== stringify(second)) throw new UnstableTimetableError(name, question, first, second);
  return first;
}

class TimetableFormatError extends Error {
  readonly code = 'HR_BAD_TIMETABLE';
  constructor(name: string, what: string, question: TimetableQuestion) {
    super(
      `The timetable "${name}" ${what} when it was asked ${stringify(question)}: it answers { start, end } in epoch milliseconds, or nothing`,
    );
    this.name = 'TimetableFormatError';
  }
}

class UnstableTimetableError extends Error {
  readonly code = 'HR_UNSTABLE_TIMETABLE';
  constructor(name: string, question: TimetableQuestion, first: unknown, second: unknown) {
    super(
      `The timetable "${name}" was asked ${stringify(question)} twice and answered ${stringify(first)} and then ${stringify(second)}: it must depend on nothing but the question, not on the time and not on chance`,
    );
    this.name = 'UnstableTimetableError';
  }
}

/** What a timetable answered, if it is an interval that may follow. Throws TimetableFormatError. */
function readInterval(name: string, given: unknown, question: TimetableQuestion): TimetableAnswer | undefined {
  if (given === undefined || given === null) return undefined;
  const fail = (what: string): never => {
    throw new TimetableFormatError(name, what, question);
  };
  if (typeof given !== 'object') return fail(`answered a ${typeof given}`);
  if ('then' in given) return fail('answered with a promise');
  const { start, end, runAfter } = given as Partial<TimetableAnswer>;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) return fail(`answered ${stringify(given)}`);
  if (runAfter !== undefined && !Number.isSafeInteger(runAfter)) return fail(`answered the runAfter ${stringify(runAfter)}`);
  const [from, to] = [start as number, end as number];
  if (to < from) return fail('answered an interval that ends before it begins');
  if (from < question.earliest) return fail('answered an interval that begins too early');
  if (question.last !== undefined && (from <= question.last.start || to <= question.last.end)) return fail('did not go on');
  return { start: from, end: to, ...(runAfter === undefined ? {} : { runAfter }) };
}
