/** Writes down every change of a run or a task instance as it is committed. */
import type { MemoryDatabase } from '../memory/database.ts';
import type { RunRow, TaskInstanceRow } from '../memory/rows.ts';
import type { RowChange } from '../memory/table.ts';
import type { SimulatedEvent } from './result.ts';

export function recordEvents(db: MemoryDatabase): readonly SimulatedEvent[] {
  const events: SimulatedEvent[] = [];
  db.watch((changes) => {
    for (const change of changes) {
      const event =
        change.table === 'dag_run' ? runEvent(db, change) : change.table === 'task_instance' ? taskEvent(db, change) : undefined;
      if (event !== undefined) events.push(event);
    }
  });
  return events;
}

function runEvent(db: MemoryDatabase, { before, after }: RowChange): SimulatedEvent | undefined {
  const was = before as RunRow | undefined;
  const is = after as RunRow | undefined;
  if (is === undefined || was?.status === is.status) return undefined;
  return { at: new Date(db.now()), dagId: is.dagId, runId: is.runId, from: was?.status, to: is.status };
}

function taskEvent(db: MemoryDatabase, { before, after }: RowChange): SimulatedEvent | undefined {
  const was = before as TaskInstanceRow | undefined;
  const is = after as TaskInstanceRow | undefined;
  if (is === undefined || (was?.state.status === is.state.status && was.state.attempt === is.state.attempt)) return undefined;
  const { dagId, runKey, taskId, mapIndex, state } = is;
  const { runId } = db.runs.require(runKey);
  return {
    at: new Date(db.now()),
    dagId,
    runId,
    taskId,
    mapIndex,
    from: was?.state.status,
    to: state.status,
    attempt: state.attempt,
  };
}
