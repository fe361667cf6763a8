/** Checks in staging: on the rows as they are about to be handed on or written. */
import type { Check, CheckResult } from '@headrace/sdk';
import type { Work } from '../connector.ts';
import type { Relation } from '../relation.ts';
import { checkedRelation, runChecks, settleChecks } from './run-checks.ts';

/** Throws CheckFailedError with every blocking check that failed; what else failed is logged and returned. */
export async function checkStaged(
  relation: Relation,
  checks: readonly Check[],
  where: string,
  work: Work,
): Promise<readonly CheckResult[]> {
  const surroundings = { where, log: work.log, now: work.context.interval.end };
  const results = await runChecks(checkedRelation(work.duck, relation), checks, 'staging', surroundings);
  settleChecks(results, 'block', where);
  return results;
}
