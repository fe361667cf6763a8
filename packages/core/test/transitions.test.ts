import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { isLegalMove, isTerminal, SLOT_STATUSES, TASK_STATUSES, TASK_TRANSITIONS, TERMINAL_STATUSES } from '../src/index.ts';
import { isReportable } from '../src/model/transitions.ts';
import { STATES_PAGE, statesPage } from './support/states-page.ts';

const legal = TASK_STATUSES.flatMap((from) => TASK_STATUSES.filter((to) => isLegalMove(from, to)).map((to) => [from, to] as const));

describe('the transition table', () => {
  test('has the fourteen statuses of Airflow, in the order of a life', () => {
    expect(TASK_STATUSES.join(' ')).toBe(
      'none scheduled queued running restarting up_for_retry up_for_reschedule deferred awaiting_input success failed skipped upstream_failed removed',
    );
  });

  test('exactly five statuses are terminal and three hold slots', () => {
    expect(TASK_STATUSES.filter((status) => isTerminal(status))).toEqual([...TERMINAL_STATUSES]);
    expect(TERMINAL_STATUSES.join(' ')).toBe('success failed skipped upstream_failed removed');
    expect(SLOT_STATUSES.join(' ')).toBe('queued running restarting');
  });

  test('lets only a command leave a terminal status, and only to none', () => {
    for (const [from, to] of legal.filter(([from]) => isTerminal(from))) {
      expect([from, to]).toEqual([from, 'none']);
      expect(TASK_TRANSITIONS[from][to]?.by).toEqual(['command']);
    }
    expect(legal.filter(([from]) => isTerminal(from))).toHaveLength(TERMINAL_STATUSES.length);
  });

  test('lets every status that is not terminal be removed, and no status follow itself', () => {
    for (const status of TASK_STATUSES) {
      expect(isLegalMove(status, 'removed')).toBe(!isTerminal(status));
      expect(isLegalMove(status, status)).toBe(false);
    }
  });

  test('names who makes each move and why', () => {
    expect(
      legal.map(([from, to]) => `${from} → ${to}: ${TASK_TRANSITIONS[from][to]?.by.join('/')}: ${TASK_TRANSITIONS[from][to]?.why}`),
    ).toEqual(
      [
        'none → scheduled: core: trigger rule met',
        'none → skipped: core/command: trigger rule skips it, or run cancelled',
        'none → upstream_failed: core: trigger rule cannot be met after a failure',
        'none → removed: command: no longer in the DAG',
        'scheduled → none: command: cleared',
        'scheduled → queued: dispatch: given a slot',
        'scheduled → skipped: command: run cancelled',
        'scheduled → removed: command: no longer in the DAG',
        'queued → none: command: cleared',
        'queued → running: worker: claimed',
        'queued → up_for_retry: core: lost, may be tried again',
        'queued → failed: core/command: lost on the last try, or run cancelled',
        'queued → removed: command: no longer in the DAG',
        'running → scheduled: worker: interrupted, does not count as a try',
        'running → queued: worker: released unbegun',
        'running → restarting: command: cleared while running',
        'running → up_for_retry: worker/core: failed or lost, may be tried again',
        'running → up_for_reschedule: worker: looks again later',
        'running → deferred: worker: waits for a trigger',
        'running → awaiting_input: worker: waits for a person',
        'running → success: worker: ended well',
        'running → failed: worker/core/command: failed or lost on the last try, or run cancelled',
        'running → skipped: worker: skipped itself',
        'running → removed: command: no longer in the DAG',
        'restarting → none: worker/core: stopped or lost',
        'restarting → failed: command: run cancelled',
        'restarting → removed: command: no longer in the DAG',
        'up_for_retry → none: command: cleared',
        'up_for_retry → scheduled: core: due',
        'up_for_retry → skipped: command: run cancelled',
        'up_for_retry → removed: command: no longer in the DAG',
        'up_for_reschedule → none: command: cleared',
        'up_for_reschedule → scheduled: core: due',
        'up_for_reschedule → skipped: command: run cancelled',
        'up_for_reschedule → removed: command: no longer in the DAG',
        'deferred → none: command: cleared',
        'deferred → scheduled: dispatch: trigger fired',
        'deferred → skipped: command: run cancelled',
        'deferred → failed: dispatch: trigger failed or timed out',
        'deferred → removed: command: no longer in the DAG',
        'awaiting_input → none: command: cleared',
        'awaiting_input → scheduled: dispatch: answered',
        'awaiting_input → skipped: command: run cancelled',
        'awaiting_input → failed: dispatch: timed out',
        'awaiting_input → removed: command: no longer in the DAG',
        'success → none: command: cleared',
        'failed → none: command: cleared',
        'skipped → none: command: cleared',
        'upstream_failed → none: command: cleared',
        'removed → none: command: back in the DAG',
      ].sort(byTable),
    );
  });

  test('is drawn in docs/states.md (write it anew with test/support/states-page.ts)', () => {
    expect(readFileSync(STATES_PAGE, 'utf8')).toBe(statesPage());
  });

  test('a report may leave out steps of one attempt, but never a decision of the core', () => {
    const reportable = (from: (typeof TASK_STATUSES)[number]): string => TASK_STATUSES.filter((to) => isReportable(from, to)).join(' ');
    const ended = 'up_for_retry up_for_reschedule deferred awaiting_input success failed skipped removed';
    expect(reportable('none')).toBe('skipped removed');
    expect(reportable('scheduled')).toBe(`none scheduled queued running restarting ${ended}`);
    expect(reportable('queued')).toBe(`none scheduled queued running restarting ${ended}`);
    expect(reportable('running')).toBe(`none scheduled queued running restarting ${ended}`);
    expect(reportable('restarting')).toBe('none failed removed');
    expect(reportable('up_for_retry')).toBe('none skipped removed');
    expect(reportable('deferred')).toBe('none scheduled failed skipped removed');
    for (const status of TERMINAL_STATUSES) expect(reportable(status)).toBe('');
  });
});

/** As the table lists them: by `from`, then by `to`. */
function byTable(a: string, b: string): number {
  const rank = (line: string): number => {
    const [from = '', to = ''] = line.split(': ')[0]?.split(' → ') ?? [];
    const order: readonly string[] = TASK_STATUSES;
    return order.indexOf(from) * 100 + order.indexOf(to);
  };
  return rank(a) - rank(b);
}
