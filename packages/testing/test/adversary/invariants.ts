/**
 * What must hold after every transaction, whatever befalls the system. Numbers as in the design: I1 one owner, I2 tries, I3 terminal
 * states, I5 limits, I6 trigger rules, I9 the transition table, I12 pinned versions, I13 fences, I14 commands are recorded.
 */
import { ATTEMPT_LOST, type AttemptError, isLegalMove, isTerminal, SLOT_STATUSES, type TaskStatus } from '@headrace/core';
import type { MemoryDatabase } from '../../src/memory/database.ts';
import type { CommandRow, RunRow, TaskInstanceRow } from '../../src/memory/rows.ts';
import type { RowChange } from '../../src/memory/table.ts';
import { type Ended, mayBegin } from './oracle.ts';

export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  readonly what: string;
}

interface Circumstances {
  /** The transaction records a command on the run. */
  readonly commanded: boolean;
  /** … or changes the run itself. */
  readonly endsRun: boolean;
}

const holdsSlot: ReadonlySet<TaskStatus> = new Set(SLOT_STATUSES);

export class Invariants {
  readonly violations: Violation[] = [];
  readonly #db: MemoryDatabase;
  readonly #startedAt: number;

  constructor(db: MemoryDatabase, startedAt: number) {
    this.#db = db;
    this.#startedAt = startedAt;
    db.watch((changes) => this.#check(changes));
  }

  violated(invariant: string, what: string): void {
    // What follows from a violation is no news.
    if (this.violations.length < 20) this.violations.push({ invariant, atMs: this.#db.now() - this.#startedAt, what });
  }

  #check(changes: readonly RowChange[]): void {
    const commanded = new Set<string>();
    const ended = new Set<string>();
    for (const { table, after } of changes) {
      if (table === 'run_event' && after !== undefined) commanded.add((after as CommandRow).runKey);
      if (table === 'dag_run' && after !== undefined) ended.add((after as RunRow).runKey);
    }
    const given: TaskInstanceRow[] = [];
    for (const { table, before, after } of changes) {
      if (table === 'task_instance' && after !== undefined) {
        const was = before as TaskInstanceRow | undefined;
        const is = after as TaskInstanceRow;
        this.#task(was, is, { commanded: commanded.has(is.runKey), endsRun: ended.has(is.runKey) });
        if (is.state.status === 'queued' && !holdsSlot.has(was?.state.status ?? 'none')) given.push(is);
      } else if (table === 'dag_run' && after !== undefined) {
        const is = after as RunRow;
        this.#run(before as RunRow | undefined, is, commanded.has(is.runKey));
      }
    }
    if (given.length > 0) this.#limits(given);
  }

  #task(was: TaskInstanceRow | undefined, is: TaskInstanceRow, how: Circumstances): void {
    if (was === undefined) {
      if (is.state.status === 'scheduled') this.#mayBegin(is);
      return;
    }
    const name = `task instance ${is.taskInstanceId} (${is.dagId} ${is.taskId})`;
    const from = was.state.status;
    const to = is.state.status;
    if (from !== to) this.#moved(name, was, is, how);
    else if (isTerminal(to) && !how.commanded && was.state !== is.state) this.violated('I3', `${name} is ${to} and was written again`);
    if (from === 'running' && to === 'running' && (was.workerId !== is.workerId || was.attemptId !== is.attemptId))
      this.violated('I1', `${name} went from ${was.workerId} to ${is.workerId} while it ran`);
  }

  #moved(name: string, was: TaskInstanceRow, is: TaskInstanceRow, { commanded, endsRun }: Circumstances): void {
    const { status: from, attempt: before } = was.state;
    const { status: to, attempt } = is.state;
    const legal = isLegalMove(from, to) || (to === 'queued' && isLegalMove(from, 'scheduled'));
    if (!legal) this.violated('I9', `${name} moved ${from} → ${to}`);
    if (isTerminal(from) && !commanded) this.violated('I3', `${name} moved ${from} → ${to} without a command`);
    if (isTerminal(this.#db.runs.require(is.runKey).status) && !commanded && !endsRun)
      this.violated('I11', `${name} moved ${from} → ${to} after its run had ended`);
    const begins = to === 'queued' && from !== 'running';
    if (attempt !== before + (begins ? 1 : 0)) this.violated('I2', `${name} went from attempt ${before} (${from}) to ${attempt} (${to})`);
    if (begins && attempt - is.triesBefore > is.maxTries)
      this.violated('I2', `${name} began try ${attempt - is.triesBefore} of ${is.maxTries}`);
    if (begins && is.attemptId === was.attemptId) this.violated('I1', `${name} began attempt ${attempt} under the id of the one before`);
    // Of the schedules nothing but a command may take an attempt from a worker that lives: no run has a timeout.
    const isTaken = from === 'running' && isErrorOfDecision(is.error) && !commanded;
    if (isTaken && (was.leaseUntil ?? 0) > this.#db.now()) this.violated('I1', `${name} was taken from a worker that had its lease`);
    if (from === 'queued' && (to === 'failed' || to === 'up_for_retry') && !commanded)
      this.violated('I10', `${name} was given up because nobody got its message`);
    const becomesReady = to === 'scheduled' || (to === 'queued' && from !== 'scheduled' && from !== 'running');
    if (becomesReady && from === 'none') this.#mayBegin(is);
  }

  /** Upstream tasks may have been cleared since: then nobody asks for the rule again. */
  #mayBegin(is: TaskInstanceRow): void {
    const run = this.#db.runs.require(is.runKey);
    const spec = this.#db.versions.require(run.versionId).spec.tasks.find((task) => task.taskId === is.taskId);
    if (spec === undefined || spec.upstream.length === 0 || run.revision > 0) return;
    const states = new Map<string, TaskStatus>();
    for (const { taskId, state } of this.#db.tasksOfRun.get(is.runKey)) states.set(taskId, state.status);
    const upstream = spec.upstream.map((taskId) => endedOf(states.get(taskId)));
    if (!mayBegin(spec.triggerRule, upstream))
      this.violated('I6', `${is.taskId} of ${is.dagId} began under ${spec.triggerRule} with upstream tasks ${upstream.join(', ')}`);
  }

  #run(was: RunRow | undefined, is: RunRow, commanded: boolean): void {
    if (was === undefined) return;
    const name = `run ${is.dagId}/${is.runId}`;
    if (was.versionId !== is.versionId && !commanded) this.violated('I12', `${name} changed its version`);
    if (was.revision !== is.revision && !commanded) this.violated('I14', `${name} was changed by a command of which there is no record`);
    if (was.status === is.status) return;
    if (isTerminal(was.status) && !commanded) this.violated('I3', `${name} moved ${was.status} → ${is.status} without a command`);
    if (is.status === 'running') {
      const running = this.#db.liveRunsOfDag.count(`running ${is.dagId}`);
      const { maxActiveRuns } = this.#db.versions.require(is.versionId).spec;
      if (running > maxActiveRuns) this.violated('I5', `${is.dagId} has ${running} runs, ${maxActiveRuns} are allowed`);
    }
    if (isTerminal(is.status)) {
      for (const { taskId, state } of this.#db.tasksOfRun.get(is.runKey)) {
        if (!isTerminal(state.status)) this.violated('I7', `${name} ended ${is.status} while ${taskId} was ${state.status}`);
      }
    }
  }

  /** Nothing is started above a limit. What was started before a limit fell goes on. */
  #limits(given: readonly TaskInstanceRow[]): void {
    const pools = new Map<string, number>();
    const dags = new Map<string, number>();
    for (const status of SLOT_STATUSES) {
      for (const { pool, poolSlots, dagId } of this.#db.tasksByStatus.get(status)) {
        pools.set(pool, (pools.get(pool) ?? 0) + poolSlots);
        dags.set(dagId, (dags.get(dagId) ?? 0) + 1);
      }
    }
    for (const { pool, dagId } of given) {
      const { slots } = this.#db.pools.require(pool);
      const used = pools.get(pool) ?? 0;
      if (used > slots) this.violated('I5', `pool ${pool} has ${slots} slots, ${used} are used`);
      const { maxActiveTasks, paused } = this.#db.dags.require(dagId);
      const active = dags.get(dagId) ?? 0;
      if (active > maxActiveTasks) this.violated('I5', `${dagId} has ${active} active tasks, ${maxActiveTasks} are allowed`);
      if (paused) this.violated('I5', `${dagId} is paused and was given a slot`);
    }
  }
}

/** Of an attempt that was ended by a decision, not by its worker. */
function isErrorOfDecision(error: AttemptError | undefined): boolean {
  return error?.name === ATTEMPT_LOST.name || error?.code === 'HR_STOPPED';
}

function endedOf(status: TaskStatus | undefined): Ended | undefined {
  return status === 'success' || status === 'failed' || status === 'skipped' || status === 'upstream_failed' ? status : undefined;
}
