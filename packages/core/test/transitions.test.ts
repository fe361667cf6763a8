import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { isLegalMove, isTerminal, SLOT_STATUSES, TASK_STATUSES, TASK_TRANSITIONS, TERMINAL_STATUSES } from '../src/index.ts';
import { isOnlyMarked, isReportable } from '../src/model/transitions.ts';
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

  test('lets nobody but the core and people leave a terminal status, and no attempt ever', () => {
    for (const [from, to] of legal.filter(([from]) => isTerminal(from))) {
      expect(TASK_TRANSITIONS[from][to]?.by.filter((mover) => mover !== 'core' && mover !== 'command')).toEqual([]);
    }
    const byCore = legal.filter(([from, to]) => isTerminal(from) && TASK_TRANSITIONS[from][to]?.by.includes('core') === true);
    expect(byCore.map(([from, to]) => `${from} → ${to}`)).toEqual([
      'success → none',
      'success → failed',
      'success → removed',
      'failed → none',
      'failed → removed',
      'skipped → none',
      'skipped → removed',
      'upstream_failed → none',
      'upstream_failed → removed',
      'removed → none',
    ]);
  });

  test('lets people mark every status as success or failed, but what is removed; and no report can be mistaken for it', () => {
    for (const to of ['success', 'failed'] as const) {
      expect(TASK_STATUSES.filter((from) => from !== to && TASK_TRANSITIONS[from][to]?.by.includes('command') !== true)).toEqual([
        'removed',
      ]);
    }
    // From these an attempt may come to the same end by itself.
    const begins: readonly string[] = ['scheduled', 'queued'];
    const only = legal.filter(([from, to]) => isOnlyMarked(from, to) && !begins.includes(from));
    expect(only.filter(([from, to]) => isReportable(from, to))).toEqual([]);
    expect(only.length).toBeGreaterThan(10);
  });

  test('lets every status be removed, and no status follow itself', () => {
    for (const status of TASK_STATUSES) {
      expect(isLegalMove(status, 'removed')).toBe(status !== 'removed');
      expect(isLegalMove(status, status)).toBe(false);
    }
  });

  test('names who makes each move and why', () => {
    expect(
      legal.map(([from, to]) => `${from} → ${to}: ${TASK_TRANSITIONS[from][to]?.by.join('/')}: ${TASK_TRANSITIONS[from][to]?.why}`),
    ).toEqual(
      [
        'none → scheduled: core: trigger rule met',
        'none → success: command: marked by a person',
        'none → failed: command: marked by a person',
        'none → skipped: core/command: a rule, a branch or its items skip it, or run ended',
        'none → upstream_failed: core: cannot be run after a failure',
        'none → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'scheduled → none: command: cleared',
        'scheduled → queued: dispatch: given a slot',
        'scheduled → success: command: marked by a person',
        'scheduled → failed: command: marked by a person',
        'scheduled → skipped: core/command: run ended before it ran',
        'scheduled → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'queued → none: command: cleared',
        'queued → running: worker: claimed',
        'queued → up_for_retry: core: lost, may be tried again',
        'queued → success: command: marked by a person',
        'queued → failed: core/command: lost on the last try, marked, or run ended',
        'queued → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'running → scheduled: worker: interrupted, does not count as a try',
        'running → queued: worker: released unbegun',
        'running → restarting: command: cleared while running',
        'running → up_for_retry: worker/core: failed or lost, may be tried again',
        'running → up_for_reschedule: worker: looks again later',
        'running → deferred: worker: waits for a trigger',
        'running → awaiting_input: worker: waits for a person',
        'running → success: worker/command: ended well, or marked',
        'running → failed: worker/core/command: failed or lost on the last try, marked, or run ended',
        'running → skipped: worker: skipped itself',
        'running → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'restarting → none: worker/core: stopped or lost',
        'restarting → success: command: marked by a person',
        'restarting → failed: core/command: marked, or run ended',
        'restarting → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'up_for_retry → none: command: cleared',
        'up_for_retry → scheduled: core: due',
        'up_for_retry → success: command: marked by a person',
        'up_for_retry → failed: command: marked by a person',
        'up_for_retry → skipped: core/command: run ended before it ran',
        'up_for_retry → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'up_for_reschedule → none: command: cleared',
        'up_for_reschedule → scheduled: core: due',
        'up_for_reschedule → success: command: marked by a person',
        'up_for_reschedule → failed: command: marked by a person',
        'up_for_reschedule → skipped: core/command: run ended before it ran',
        'up_for_reschedule → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'deferred → none: command: cleared',
        'deferred → scheduled: dispatch: trigger fired',
        'deferred → success: command: marked by a person',
        'deferred → failed: dispatch/command: trigger failed or timed out, or marked',
        'deferred → skipped: core/dispatch/command: run ended before it went on, or its wait was given up',
        'deferred → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'awaiting_input → none: command: cleared',
        'awaiting_input → scheduled: dispatch: answered',
        'awaiting_input → success: command: marked by a person',
        'awaiting_input → failed: dispatch/command: timed out, or marked',
        'awaiting_input → skipped: core/dispatch/command: run ended before it went on, or its wait was given up',
        'awaiting_input → removed: core/command: no longer in the DAG, or its item or iteration is gone',
        'success → none: core/command: cleared, or run anew with its group or run',
        'success → failed: core/command: a gate at the cap of its loop, or marked',
        'success → removed: core: its item or iteration is gone',
        'failed → none: core/command: cleared, or run anew with its group or run',
        'failed → success: command: marked by a person',
        'failed → removed: core: its item or iteration is gone',
        'skipped → none: core/command: cleared, or run anew with its group or run',
        'skipped → success: command: marked by a person',
        'skipped → failed: command: marked by a person',
        'skipped → removed: core: its item or iteration is gone',
        'upstream_failed → none: core/command: cleared, or run anew with its group or run',
        'upstream_failed → success: command: marked by a person',
        'upstream_failed → failed: command: marked by a person',
        'upstream_failed → removed: core: its item or iteration is gone',
        'removed → none: core/command: back in the DAG, or its item or iteration is back',
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
