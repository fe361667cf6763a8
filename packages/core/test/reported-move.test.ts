import { describe, expect, test } from '@jest/globals';
import { judgeReport } from '../src/flow/reported-move.ts';
import { TASK_STATUSES, type TaskState, type TaskStatus } from '../src/index.ts';

function state(status: TaskStatus, attempt: number): TaskState {
  return status === 'up_for_retry' || status === 'up_for_reschedule' ? { status, attempt, dueAt: 0 } : { status, attempt };
}

/** For each status that is known a line, in it a sign for each that may be reported: + accepted, = no change, . stale, x rejected. */
function judgements(knownAttempt: number, reportedAttempt: number): readonly string[] {
  return TASK_STATUSES.map((known) => {
    const signs = TASK_STATUSES.map((reported) => {
      const judgement = judgeReport('load', state(known, knownAttempt), state(reported, reportedAttempt));
      if (judgement === 'accept') return '+';
      if (judgement.kind === 'rejected') return 'x';
      return judgement.why === 'no_change' ? '=' : '.';
    });
    return `${known.padEnd(18)}${signs.join('')}`;
  });
}

describe('a report is judged by what is known', () => {
  test('of the same attempt', () => {
    // Columns: none, scheduled, queued, running, restarting, up_for_retry, up_for_reschedule, deferred, awaiting_input,
    // success, failed, skipped, upstream_failed, removed.
    expect(judgements(2, 2)).toEqual([
      'none              =+.........+++',
      'scheduled         +=.........+.+',
      'queued            ++=+++++++++x+',
      'running           +++=++++++++x+',
      'restarting        +...=xxxxx+xx+',
      'up_for_retry      ++...=.....+.+',
      'up_for_reschedule ++....=....+.+',
      'deferred          ++.....=..++.+',
      'awaiting_input    ++......=.++.+',
      'success           .........=xxxx',
      'failed            ..........=xxx',
      'skipped           ...........=..',
      'upstream_failed   ............=.',
      'removed           .............=',
    ]);
  });

  test('of an earlier attempt: it is stale, whatever it says', () => {
    expect(new Set(judgements(2, 1).map((line) => line.slice(18)))).toEqual(new Set(['..............']));
  });

  test('of the next attempt: only a task that waits for a slot can have one', () => {
    for (const line of judgements(2, 3)) expect(line.slice(18)).toBe(line.startsWith('scheduled') ? '++++++++++++x+' : 'xxxxxxxxxxxxxx');
  });

  test('of a later attempt still: too much was missed', () => {
    for (const line of judgements(2, 4)) expect(line.slice(18)).toBe('xxxxxxxxxxxxxx');
  });

  test('without an attempt: only states that need none can be', () => {
    expect(judgements(0, 0)[0]).toBe('none              =+xxxxxxxx.+++');
  });
});
