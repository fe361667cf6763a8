/**
 * What users' own timetables have answered, so that planning, which holds locks, never waits for a user's code.
 *
 * K1. A version's function is pure: an answer holds for ever. Only how many are kept is bounded.
 * K2. A DAG is asked for by one errand at a time; DAGs do not wait for each other's.
 */
import type { TimetableAnswer, TimetableFunctions, TimetableRequest } from '@headrace/core';
import type { TimetableEvaluator } from '@headrace/ports';

const MOST_ANSWERS = 20_000;

export class TimetableBook {
  readonly #evaluator: TimetableEvaluator;
  readonly #answers = new Map<string, TimetableAnswer | 'none'>();
  readonly #errands = new Map<string, Promise<void>>();

  constructor(evaluator: TimetableEvaluator) {
    this.#evaluator = evaluator;
  }

  /** The timetables of a version, as far as they have answered. */
  functionsOf(versionId: string): TimetableFunctions {
    return (name, question) => {
      const key = keyOf(versionId, { name, question });
      const answer = this.#answers.get(key);
      if (answer === undefined) return 'pending';
      this.#answers.delete(key);
      this.#answers.set(key, answer);
      return answer === 'none' ? undefined : answer;
    };
  }

  /**
   * Asks, one after another, what `next` wants to know until it wants nothing more, or `most` questions were asked. Resolves when that
   * is done; rejects when the timetable does not answer. While an errand for the DAG is under way, it is joined.
   */
  learn(dagId: string, versionId: string, next: () => TimetableRequest | undefined, most: number): Promise<void> {
    const known = this.#errands.get(dagId);
    if (known !== undefined) return known;
    const errand = this.#ask(versionId, next, most).finally(() => this.#errands.delete(dagId));
    this.#errands.set(dagId, errand);
    return errand;
  }

  async #ask(versionId: string, next: () => TimetableRequest | undefined, most: number): Promise<void> {
    for (let asked = 0; asked < most; asked += 1) {
      const request = next();
      if (request === undefined) return;
      const answer = await this.#evaluator.ask(versionId, request.name, request.question);
      this.#answers.set(keyOf(versionId, request), answer ?? 'none');
      const oldest = this.#answers.keys().next().value;
      if (this.#answers.size > MOST_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    }
  }
}

function keyOf(versionId: string, { name, question: { last, earliest, latest } }: TimetableRequest): string {
  return [versionId, name, last?.start, last?.end, earliest, latest].join('\n');
}
