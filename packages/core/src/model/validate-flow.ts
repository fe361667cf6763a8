/** What can be wrong with groups, mapping, loops, branches, setups, teardowns and retries of groups and runs. */
import type { DagSpec, TaskSpec } from './dag.ts';
import type { DagProblem } from './dag-problem.ts';
import type { ExpandSpec, GroupSpec, RepeatPolicy } from './flow-spec.ts';
import { nearestName } from './nearest-name.ts';
import { groupsAround, MOST_INSTANCES } from './spaces.ts';

type Report = (code: DagProblem['code'], what: string, task?: TaskSpec) => void;

export function checkFlow(spec: DagSpec, byId: ReadonlyMap<string, TaskSpec>, report: Report): void {
  const groups = new Map<string, GroupSpec>();
  for (const group of spec.groups ?? []) {
    if (groups.has(group.groupId) || byId.has(group.groupId)) {
      report('duplicate_group', `There are two groups, or a group and a task, named "${group.groupId}"`);
    }
    groups.set(group.groupId, group);
  }
  checkRun(spec, report);
  const flow = new FlowCheck(byId, groups, report);
  for (const group of groups.values()) flow.checkGroup(group);
  for (const task of byId.values()) flow.checkTask(task);
}

function checkRun({ runRetries, runTimeoutMs, runOutcome }: DagSpec, report: Report): void {
  if (runTimeoutMs !== undefined && !isWhole(runTimeoutMs, 1))
    report('bad_value', `runTimeoutMs must be whole milliseconds, more than 0, but is ${runTimeoutMs}`);
  if (runOutcome !== undefined && runOutcome !== 'leaves' && runOutcome !== 'any_failed') {
    report('bad_value', `runOutcome must be leaves or any_failed, but is ${String(runOutcome)}`);
  }
  if (runRetries === undefined) return;
  checkRepeat('runRetries', runRetries, report);
  if (runRetries.from !== 'failed' && runRetries.from !== 'start')
    report('bad_value', `runRetries.from must be failed or start, but is ${String(runRetries.from)}`);
}

function checkRepeat(name: string, { max, delayMs }: RepeatPolicy, report: Report): void {
  if (!isWhole(max, 0)) report('bad_value', `${name}: max must be a whole number from 0, but is ${max}`);
  if (!isWhole(delayMs, 0)) report('bad_value', `${name}: the delay must be whole milliseconds, not negative, but is ${delayMs}`);
}

class FlowCheck {
  readonly #byId: ReadonlyMap<string, TaskSpec>;
  readonly #groups: ReadonlyMap<string, GroupSpec>;
  readonly #report: Report;

  constructor(byId: ReadonlyMap<string, TaskSpec>, groups: ReadonlyMap<string, GroupSpec>, report: Report) {
    this.#byId = byId;
    this.#groups = groups;
    this.#report = report;
  }

  checkGroup(group: GroupSpec): void {
    const { groupId, parent, expand, loop, retries } = group;
    const name = `Group "${groupId}"`;
    if (parent !== undefined && !this.#groups.has(parent)) {
      this.#report('unknown_group', `${name} is in group "${parent}", which is not in the DAG${hint(parent, this.#groups)}`);
    }
    const outer = groupsAround(parent, this.#groups);
    if (outer.includes(group)) this.#report('cycle', `${name} is inside itself`);
    if (expand !== undefined && loop !== undefined)
      this.#report('nested_mapping', `${name} is both mapped and a loop: put one group into the other task by task`);
    const repeated = outer.find((one) => one.expand !== undefined || one.loop !== undefined);
    if (repeated !== undefined && (expand ?? loop) !== undefined) {
      this.#report('nested_mapping', `${name} is repeated, and so is group "${repeated.groupId}" around it: only one of them can be`);
    }
    if (retries !== undefined) {
      checkRepeat(name, retries, this.#report);
      const around = outer.find((one) => one.loop !== undefined);
      if (around !== undefined) {
        this.#report('bad_group', `${name} has retries, but is in the loop "${around.groupId}": give them to the loop, or to its tasks`);
      }
    }
    const members = [...this.#byId.values()].filter((task) => this.#isIn(task, group));
    if (expand !== undefined) this.#checkExpand(name, expand, new Set(members.map(({ taskId }) => taskId)));
    if (loop === undefined) return;
    if (!isWhole(loop.maxIterations, 1))
      this.#report('bad_value', `${name}: maxIterations must be a whole number from 1, but is ${loop.maxIterations}`);
    const gate = members.find(({ taskId }) => taskId === loop.gate);
    if (gate === undefined) {
      this.#report(
        'bad_loop',
        `${name}: the gate "${loop.gate}" is not a task of the group${hint(loop.gate, new Map(members.map((task) => [task.taskId, task])))}`,
      );
      return;
    }
    const before = this.#upstreamOf(gate);
    const beside = members.filter((task) => task !== gate && task.role !== 'teardown' && !before.has(task.taskId));
    if (beside.length > 0) {
      const names = beside.map(({ taskId }) => `"${taskId}"`).join(', ');
      this.#report(
        'bad_loop',
        `${name}: the gate "${loop.gate}" must come after every other task of the loop, but not after ${names}`,
        gate,
      );
    }
  }

  checkTask(task: TaskSpec): void {
    const name = `Task "${task.taskId}"`;
    if (task.group !== undefined && !this.#groups.has(task.group)) {
      this.#report('unknown_group', `${name} is in group "${task.group}", which is not in the DAG${hint(task.group, this.#groups)}`, task);
    }
    const repeated = groupsAround(task.group, this.#groups).find((one) => one.expand !== undefined || one.loop !== undefined);
    if (task.expand !== undefined) {
      if (repeated !== undefined) {
        this.#report(
          'nested_mapping',
          `${name} is mapped, and group "${repeated.groupId}" around it is repeated: only one of them can be`,
          task,
        );
      }
      this.#checkExpand(name, task.expand, new Set([task.taskId]), task);
    }
    if (task.triggerRule === 'always') {
      const expand = task.expand ?? repeated?.expand;
      if (expand?.over.some(({ source }) => source.kind === 'result') === true) {
        this.#report(
          'always_mapped',
          `${name} has the trigger rule always, but waits for a task that gives its items: take all_done`,
          task,
        );
      }
    }
    this.#checkDecides(name, task, repeated);
    this.#checkTeardown(name, task);
  }

  #checkExpand(name: string, { combine, over }: ExpandSpec, inside: ReadonlySet<string>, task?: TaskSpec): void {
    const bad = (what: string): void => this.#report('bad_mapping', `${name} ${what}`, task);
    if (combine !== 'product' && combine !== 'zip') bad(`combines its items by ${String(combine)}: take product or zip`);
    if (over.length === 0) bad('is mapped over nothing: name at least one argument');
    const seen = new Set<string>();
    const lengths: number[] = [];
    for (const { argument, source } of over) {
      if (seen.has(argument)) bad(`is mapped twice over the argument "${argument}"`);
      seen.add(argument);
      if (source.kind === 'literal') {
        lengths.push(source.length);
        if (!isWhole(source.length, 0)) bad(`is mapped over ${String(source.length)} items`);
      } else if (inside.has(source.taskId)) {
        bad(task === undefined ? `is mapped over its own task "${source.taskId}"` : 'is mapped over itself');
      } else if (!this.#byId.has(source.taskId)) {
        bad(`is mapped over "${source.taskId}", which is not in the DAG${hint(source.taskId, this.#byId)}`);
      } else if (task !== undefined && !task.upstream.includes(source.taskId)) {
        this.#report(
          'input_not_upstream',
          `${name} is mapped over "${source.taskId}", but does not come after it: add it to upstream`,
          task,
        );
      }
    }
    const count = combine === 'zip' ? Math.min(...lengths) : lengths.reduce((product, length) => product * length, 1);
    if (lengths.length === over.length && count > MOST_INSTANCES)
      bad(`has ${count} combinations of items: at most ${MOST_INSTANCES} can be run`);
  }

  #checkDecides(name: string, task: TaskSpec, repeated: GroupSpec | undefined): void {
    if (task.decides === undefined) return;
    const bad = (what: string): void => this.#report('bad_branch', `${name} ${what}`, task);
    if (task.expand !== undefined) bad('is mapped, so it cannot decide what comes after it: put both into a mapped group');
    const after = [...this.#byId.values()].filter(({ upstream }) => upstream.includes(task.taskId));
    if (after.length === 0) bad('decides what comes after it, but nothing does');
    if (task.decides.kind !== 'branch' || repeated === undefined) return;
    const outside = after.find((target) => !this.#isIn(target, repeated));
    if (outside !== undefined)
      bad(`chooses within group "${repeated.groupId}" for each instance, but "${outside.taskId}" after it is outside`);
  }

  #checkTeardown(name: string, task: TaskSpec): void {
    const bad = (what: string): void => this.#report('bad_teardown', `${name} ${what}`, task);
    if (task.role !== 'teardown') {
      if (task.setups !== undefined) bad('has setups, but is no teardown');
      if (task.failsRun !== undefined) bad('says whether it fails the run, but is no teardown');
      return;
    }
    if ((task.setups ?? []).length === 0) bad('is a teardown without a setup: name what it takes away');
    for (const taskId of task.setups ?? []) {
      const setup = this.#byId.get(taskId);
      if (setup === undefined) bad(`is the teardown of "${taskId}", which is not in the DAG${hint(taskId, this.#byId)}`);
      else if (setup.role !== 'setup') bad(`is the teardown of "${taskId}", which is no setup`);
      else if (!task.upstream.includes(taskId)) bad(`is the teardown of "${taskId}", but does not come after it: add it to upstream`);
    }
  }

  #isIn(task: TaskSpec, group: GroupSpec): boolean {
    return groupsAround(task.group, this.#groups).includes(group);
  }

  #upstreamOf(task: TaskSpec): ReadonlySet<string> {
    const found = new Set(task.upstream);
    for (const taskId of found) for (const source of this.#byId.get(taskId)?.upstream ?? []) found.add(source);
    return found;
  }
}

function hint(wanted: string, known: ReadonlyMap<string, unknown>): string {
  const near = nearestName(wanted, known.keys());
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}
