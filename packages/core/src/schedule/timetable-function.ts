/**
 * A user's own timetable, seen from outside: questions and answers, never the function.
 *
 * Q1. The function is pure, so an answer holds for ever for its version of the DAG, and whoever plans may keep it.
 * Q2. A question depends on what was scheduled and when the DAG was active, not on the present time.
 * Q3. An answer is a stranger's: it is checked before it is believed.
 */
import type { Instant } from '../model/dag.ts';

/** As `TimetableQuestion` of the SDK. */
export interface TimetableQuestion {
  /** Undefined: asks for the first interval. */
  readonly last: { readonly start: Instant; readonly end: Instant } | undefined;
  /** No interval may begin before it. */
  readonly earliest: Instant;
  readonly latest: Instant | undefined;
}

/** As `TimetableAnswer` of the SDK. */
export interface TimetableAnswer {
  readonly start: Instant;
  readonly end: Instant;
  /** Default: `end`. */
  readonly runAfter?: Instant;
}

export interface TimetableRequest {
  readonly name: string;
  readonly question: TimetableQuestion;
}

/** Undefined: there is no further interval. `pending`: the answer is not known yet; it must be got first. */
export type TimetableFunctions = (name: string, question: TimetableQuestion) => TimetableAnswer | 'pending' | undefined;

export class TimetableAnswerError extends Error {
  readonly code = 'HR_BAD_TIMETABLE_ANSWER';
  constructor(name: string, what: string, question: TimetableQuestion, answer: unknown) {
    super(
      `The timetable "${name}" answered ${JSON.stringify(answer)} to ${JSON.stringify(question)}: ${what}. ` +
        'Give { start, end } in epoch milliseconds, each after that of the interval before.',
    );
    this.name = 'TimetableAnswerError';
  }
}

/** @throws TimetableAnswerError when the answer is no interval that may follow. */
export function checkAnswer(
  name: string,
  question: TimetableQuestion,
  answer: TimetableAnswer,
): TimetableAnswer & { readonly runAfter: Instant } {
  const { start, end, runAfter = end } = answer;
  const fail = (what: string): never => {
    throw new TimetableAnswerError(name, what, question, answer);
  };
  if (![start, end, runAfter].every(Number.isSafeInteger)) fail('these are not whole milliseconds');
  if (end < start) fail('the interval ends before it begins');
  if (start < question.earliest) fail('the interval begins before the earliest time asked for');
  const { last } = question;
  if (last !== undefined && (start <= last.start || end <= last.end)) fail('the interval does not lie after the last one');
  return { start, end, runAfter };
}
