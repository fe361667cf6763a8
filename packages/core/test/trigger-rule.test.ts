import { describe, expect, test } from '@jest/globals';
import { describeCounts } from '../src/flow/trigger-rule.ts';
import { judge, TRIGGER_RULES, type UpstreamCounts } from '../src/index.ts';
import { oracleVerdict, RULES, type Upstream } from './support/oracle.ts';
import { allLists } from './support/shapes.ts';

const ENDS: readonly Upstream[] = ['success', 'failed', 'skipped', 'upstream_failed'];
const STATES: readonly Upstream[] = [...ENDS, 'removed', undefined];

function counts(upstream: readonly Upstream[]): UpstreamCounts {
  const count = (state: Upstream): number => upstream.filter((one) => one === state).length;
  return {
    total: upstream.length - count('removed'),
    success: count('success'),
    failed: count('failed'),
    skipped: count('skipped'),
    upstreamFailed: count('upstream_failed'),
  };
}

describe('trigger rules', () => {
  test('there are the twelve of the manual', () => {
    expect([...TRIGGER_RULES].sort()).toEqual([...RULES].sort());
    expect(TRIGGER_RULES).toHaveLength(12);
  });

  test.each(TRIGGER_RULES)('%s says what the manual says, for all states of up to four upstream tasks', (rule) => {
    const every = [0, 1, 2, 3, 4].flatMap((size) => allLists(STATES, size));
    expect(every).toHaveLength(1 + 6 + 36 + 216 + 1_296);
    expect(every.filter((upstream) => judge(rule, counts(upstream)) !== oracleVerdict(rule, upstream))).toEqual([]);
  });

  test.each(TRIGGER_RULES)('%s decides once and for all: what unfinished tasks do later changes nothing', (rule) => {
    const changed = allLists([...ENDS, undefined], 3).filter((upstream) => {
      const early = judge(rule, counts(upstream));
      const ends = allLists(ENDS, 3).map((later) => upstream.map((state, index) => state ?? later[index]));
      return early !== 'wait' && ends.some((end) => judge(rule, counts(end)) !== early);
    });
    expect(changed).toEqual([]);
  });

  test.each(TRIGGER_RULES)('%s does not wait when all upstream tasks are done', (rule) => {
    expect(allLists(ENDS, 3).filter((upstream) => judge(rule, counts(upstream)) === 'wait')).toEqual([]);
  });

  test('counts are told in words', () => {
    expect(describeCounts(counts([]))).toBe('no upstream tasks');
    expect(describeCounts(counts(['success']))).toBe('1 upstream task: 1 success');
    expect(describeCounts(counts(['success', 'failed', 'skipped', 'upstream_failed', undefined, undefined]))).toBe(
      '6 upstream tasks: 1 success, 1 failed, 1 skipped, 1 upstream_failed, 2 not finished',
    );
  });
});
