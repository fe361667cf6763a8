/** What must hold when all has come to its end: I7 final states, I8 scheduled runs, I17 nothing is left over. */
import type { MemoryStore } from '../../src/memory/store.ts';
import { type Ended, finalStates, type OracleTask, runOutcome } from './oracle.ts';
import { type FaultSchedule, MINUTE_MS } from './schedule.ts';

type Violated = (invariant: string, what: string) => void;

export function checkEnd(store: MemoryStore, schedule: FaultSchedule, now: number, violated: Violated): void {
  checkRuns(store, schedule, violated);
  checkSchedules(store, schedule, now, violated);
  const { db } = store;
  for (const row of db.tasks.rows()) {
    if (row.leaseUntil !== undefined) violated('I17', `task instance ${row.taskInstanceId} is ${row.state.status} and has a lease`);
  }
}

/** Runs that no command touched have come to what the oracle says, given what was executed. */
function checkRuns({ db }: MemoryStore, { outcomes }: FaultSchedule, violated: Violated): void {
  for (const run of db.runs.rows()) {
    if (run.revision > 0) continue;
    const { spec } = db.versions.require(run.versionId);
    const tasks: OracleTask[] = spec.tasks.map(({ taskId, upstream, triggerRule: rule }) => ({ taskId, upstream, rule }));
    const rows = new Map([...db.tasksOfRun.get(run.runKey)].map((row) => [row.taskId, row]));
    const expected = finalStates(tasks, (taskId): Ended => {
      const planned = outcomes[`${run.dagId}/${taskId}`] ?? 'success';
      const row = rows.get(taskId);
      // An attempt that was lost is a try: enough of them fail the task.
      return row?.state.status === 'failed' && row.error?.name === 'AttemptLost' ? 'failed' : planned;
    });
    const name = `${run.dagId}/${run.runId}`;
    for (const [taskId, state] of expected) {
      const found = rows.get(taskId)?.state.status;
      if (found !== state) violated('I7', `${name}: ${taskId} is ${found}, and by its rule it is ${state}`);
    }
    const status = runOutcome(tasks, expected);
    if (run.status !== status) violated('I7', `${name} is ${run.status}, and by its leaves it is ${status}`);
  }
}

/** One run for each whole minute between start and end, and no other. */
function checkSchedules({ db }: MemoryStore, { dags }: FaultSchedule, now: number, violated: Violated): void {
  for (const { dagId, schedule, startAt = 0, endAt = 0 } of dags) {
    if (schedule.kind !== 'cron') continue;
    const expected: number[] = [];
    for (let end = startAt + MINUTE_MS; end <= Math.min(endAt, now); end += MINUTE_MS) expected.push(end - MINUTE_MS);
    const made = [...db.runsOfDag.get(dagId)].filter((run) => run.runType === 'scheduled').map((run) => run.intervalStart ?? Number.NaN);
    made.sort((a, b) => a - b);
    if (JSON.stringify(made) !== JSON.stringify(expected))
      violated('I8', `${dagId} has runs for ${made.join(', ')}, and should have for ${expected.join(', ')}`);
  }
}
