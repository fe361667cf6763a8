/** What a task waits for without a slot, in words. */
import type { Instant } from '../model/dag.ts';
import type { Wait, WaitCondition } from '../model/wait-spec.ts';
import { isoInstant } from '../notices/iso-instant.ts';
import { inWords } from './explanation.ts';

const ON_TIMEOUT = { fail: 'fails', skip: 'is skipped', continue: 'goes on' } as const;

/** What for, since when, until when, and what then. */
export function describeWait(wait: Wait & { readonly enteredAt: Instant }, now: Instant): string {
  const since = `since ${inWords(now - wait.enteredAt)}`;
  const until = wait.timeoutAt === undefined ? '' : `; at ${isoInstant(wait.timeoutAt)} it ${ON_TIMEOUT[wait.onTimeout]}`;
  return `It waits ${whatFor(wait.condition)}, ${since}${until}`;
}

function whatFor(condition: WaitCondition): string {
  switch (condition.kind) {
    case 'time':
      return `until ${isoInstant(condition.at)}`;
    case 'asset':
      return `for an event of asset "${condition.name}"${condition.partition === undefined ? '' : ` of partition "${condition.partition}"`}`;
    case 'run': {
      const run = 'runId' in condition.run ? `"${condition.run.runId}"` : `of ${isoInstant(condition.run.logicalDate)}`;
      const task = condition.taskId === undefined ? '' : `task "${condition.taskId}" of `;
      return `for ${task}run ${run} of DAG "${condition.dagId}" to be ${condition.states.join(' or ')}`;
    }
    case 'webhook':
      return 'for a call of its webhook';
    case 'input':
      return `for ${condition.form.assignees.length === 0 ? 'a person' : condition.form.assignees.join(' or ')} to answer "${condition.form.subject}"`;
    case 'poll':
      return `for its condition, which is looked at every ${inWords(condition.everyMs)}`;
  }
}
