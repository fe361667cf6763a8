/** Asks the timetables that users write in their DAG files. Whoever plans never runs a user's code itself. */
import type { TimetableAnswer, TimetableQuestion } from '@headrace/core';

export interface TimetableEvaluator {
  /**
   * What the timetable `name` of this version answers; undefined: there is no further interval. Rejects when the version has no such
   * timetable, and when its function throws, takes too long, or answers with something else than an interval.
   */
  ask(versionId: string, name: string, question: TimetableQuestion): Promise<TimetableAnswer | undefined>;
}
