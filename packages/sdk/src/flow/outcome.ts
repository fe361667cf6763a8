import { OUTCOME_BRAND, type TaskOutcome } from '../definition.ts';

/** What a function of ours returns when it says more than a result. */
export function outcome<Result>(
  result: Result,
  more: Omit<TaskOutcome, typeof OUTCOME_BRAND | 'result'>,
): TaskOutcome & { readonly result: Result } {
  return { [OUTCOME_BRAND]: true, result, ...more };
}
