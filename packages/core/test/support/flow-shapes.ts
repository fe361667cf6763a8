/** Random DAGs with every construct at once, as the oracle knows them and as the core does. */
import {
  compileDag,
  type Dag,
  type DagSpec,
  type ExpandSpec,
  type GroupSpec,
  type TaskSpec,
  TRIGGER_RULES,
  type TriggerRule,
} from '../../src/index.ts';
import type { OracleDag, OracleEnd, OracleEnds, OracleExpand, OracleGroup, OracleTask } from './flow-oracle.ts';
import { dice } from './shapes.ts';
import { dagSpec, taskSpec } from './specs.ts';

type Draft<T> = { -readonly [K in keyof T]: T[K] };

const DELAY = 700;

/** A DAG of up to `most` tasks. The same seed gives the same DAG. */
export function randomFlow(seed: number, most: number): OracleDag {
  const random = dice(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const chance = (probability: number): boolean => random() < probability;
  const size = 2 + below(most - 1);
  const tasks: Draft<OracleTask>[] = Array.from({ length: size }, (_, task) => ({
    id: `t${String(task).padStart(2, '0')}`,
    upstream: Array.from({ length: task }, (_, other) => other).filter(() => chance(Math.min(0.6, 2 / size))),
    rule: chance(0.5) ? 'all_success' : (TRIGGER_RULES[below(TRIGGER_RULES.length)] ?? 'all_done'),
  }));
  const groups: Draft<OracleGroup>[] = [];

  /** A group is a run of neighbours: edges only go to later tasks, so it is never both before and after another task. */
  function addGroups(from: number, to: number, parent: Draft<OracleGroup> | undefined, repeated: boolean, inLoop = false): void {
    for (let start = from; start < to; start += 1) {
      if (!chance(0.25)) continue;
      const end = Math.min(to, start + 1 + below(5));
      const group: Draft<OracleGroup> = { id: parent === undefined ? `g${groups.length}` : `${parent.id}.g${groups.length}` };
      if (parent !== undefined) group.parent = parent.id;
      groups.push(group);
      for (const task of tasks.slice(start, end)) task.group = group.id;
      let again = repeated;
      const kind = below(4);
      if (kind === 0 && !repeated) {
        group.expand = randomItems(start, false);
        again = true;
      } else if (kind === 1 && !repeated) {
        group.loop = { gate: end - 1, max: 1 + below(3) };
        again = true;
      }
      if (!inLoop && chance(0.35)) group.retries = 1 + below(2);
      if (chance(0.4)) addGroups(start, end, group, again, inLoop || group.loop !== undefined);
      start = end;
    }
  }

  function randomItems(before: number, own: boolean): OracleExpand {
    const over = Array.from({ length: 1 + below(2) }, () =>
      before > 0 && (own || chance(0.7)) && chance(0.8) ? { task: below(before) } : below(3),
    );
    return { combine: chance(0.7) ? 'product' : 'zip', over };
  }

  addGroups(0, size, undefined, false);
  const around = (task: number): readonly OracleGroup[] => {
    const found: OracleGroup[] = [];
    for (let one = groups.find(({ id }) => id === tasks[task]?.group); one !== undefined; one = groups.find(({ id }) => id === one?.parent))
      found.push(one);
    return found;
  };
  const isRepeated = (task: number): boolean => around(task).some((one) => one.expand ?? one.loop);
  for (const [index, task] of tasks.entries()) {
    if (!isRepeated(index) && chance(0.2)) {
      task.expand = randomItems(index, true);
      const sources = task.expand.over.flatMap((source) => (typeof source === 'number' ? [] : [source.task]));
      task.upstream = [...new Set([...task.upstream, ...sources])];
      if (sources.length > 0 && task.rule === 'always') task.rule = 'all_done';
    }
  }
  for (const [teardown, task] of tasks.entries()) {
    if (teardown === 0 || !chance(0.15) || task.role !== undefined) continue;
    const setups = [...new Set([below(teardown), below(teardown)])].filter((setup) => tasks[setup]?.role !== 'teardown');
    if (setups.length === 0 || groups.some(({ loop }) => loop?.gate === teardown)) continue;
    task.role = 'teardown';
    task.setups = setups.sort((a, b) => a - b);
    task.upstream = [...new Set([...task.upstream, ...setups])];
    if (chance(0.3)) task.failsRun = true;
    for (const setup of setups) if (tasks[setup] !== undefined) tasks[setup].role = 'setup';
  }
  for (const { id, loop } of groups) {
    const gate = loop === undefined ? undefined : tasks[loop.gate];
    if (loop === undefined || gate === undefined) continue;
    const body = [...tasks.keys()].filter(
      (task) => task < loop.gate && around(task).some((one) => one.id === id) && tasks[task]?.role !== 'teardown',
    );
    gate.upstream = [...new Set([...gate.upstream, ...body])];
  }
  for (const [index, task] of tasks.entries()) {
    if (task.expand !== undefined || !chance(0.2)) continue;
    const targets = [...tasks.keys()].filter((other) => tasks[other]?.upstream.includes(index));
    if (targets.length === 0) continue;
    const kind = (['branch', 'short_circuit', 'short_circuit_direct'] as const)[below(3)] ?? 'branch';
    const mine = around(index).find((one) => one.expand ?? one.loop);
    if (kind === 'branch' && mine !== undefined && targets.some((target) => !around(target).includes(mine))) continue;
    task.decides = kind;
  }
  const past = chance(0.2);
  for (const task of tasks) {
    task.upstream = [...task.upstream].sort((a, b) => a - b);
    if (past && chance(0.3)) task.waitsForPast = true;
  }
  const plain =
    groups.every(({ expand, loop }) => expand === undefined && loop === undefined) && tasks.every(({ expand }) => expand === undefined);
  return {
    tasks,
    groups,
    ...(chance(0.15) ? { anyFailed: true } : {}),
    ...(chance(0.25) ? { runRetries: { max: 1 + below(2), from: plain && chance(0.6) ? ('failed' as const) : ('start' as const) } } : {}),
  };
}

/** What the attempts of a DAG's tasks come to, for a seed. */
export function randomEnds(dag: OracleDag, seed: number): OracleEnds {
  return (task, mapIndex, time): OracleEnd => {
    const random = dice(Math.imul(seed ^ 0x5bd1e995, 31) + task * 1_009 + Math.max(0, mapIndex) * 9_176_263 + time * 77_003);
    for (let warm = 0; warm < 3; warm += 1) random();
    const luck = random();
    if (luck < 0.14) return { end: 'failed' };
    if (luck < 0.2) return { end: 'skipped' };
    const said: Draft<OracleEnd> = { end: 'success' };
    if (random() < 0.95) said.items = Math.floor(random() * 4);
    if (random() < 0.55) said.again = true;
    const { decides } = dag.tasks[task] ?? {};
    if (decides === 'branch' && random() < 0.9) {
      said.follow = dag.tasks.filter(({ upstream }) => upstream.includes(task) && random() < 0.5).map(({ id }) => id);
    } else if (decides !== undefined && random() < 0.4) said.follow = [];
    return said;
  };
}

/** The spec of an oracle's DAG. */
function flowSpec({ tasks, groups, anyFailed, runRetries }: OracleDag): DagSpec {
  const name = (task: number): string => tasks[task]?.id ?? '';
  const expand = ({ combine, over }: OracleExpand): ExpandSpec => ({
    combine,
    over: over.map((source, index) => ({
      argument: `x${index}`,
      source: typeof source === 'number' ? { kind: 'literal', length: source } : { kind: 'result', taskId: name(source.task) },
    })),
  });
  const decides = {
    branch: { kind: 'branch' },
    short_circuit: { kind: 'short_circuit', reach: 'all' },
    short_circuit_direct: { kind: 'short_circuit', reach: 'direct' },
  } as const;
  const specs = tasks.map(
    (task): TaskSpec =>
      taskSpec(task.id, task.upstream.map(name), {
        triggerRule: task.rule as TriggerRule,
        ...(task.role === undefined ? {} : { role: task.role }),
        ...(task.setups === undefined ? {} : { setups: task.setups.map(name) }),
        ...(task.failsRun === undefined ? {} : { failsRun: task.failsRun }),
        ...(task.decides === undefined ? {} : { decides: decides[task.decides] }),
        ...(task.group === undefined ? {} : { group: task.group }),
        ...(task.expand === undefined ? {} : { expand: expand(task.expand) }),
      }),
  );
  const groupSpecs = groups.map(
    (group): GroupSpec => ({
      groupId: group.id,
      ...(group.parent === undefined ? {} : { parent: group.parent }),
      ...(group.expand === undefined ? {} : { expand: expand(group.expand) }),
      ...(group.loop === undefined ? {} : { loop: { gate: name(group.loop.gate), maxIterations: group.loop.max } }),
      ...(group.retries === undefined ? {} : { retries: { max: group.retries, delayMs: DELAY } }),
    }),
  );
  return dagSpec(specs, {
    ...(groupSpecs.length === 0 ? {} : { groups: groupSpecs }),
    ...(anyFailed === true ? { runOutcome: 'any_failed' } : {}),
    ...(runRetries === undefined ? {} : { runRetries: { ...runRetries, delayMs: DELAY } }),
  });
}

/** Compiled with rules that nobody objects to, then given its own: random DAGs hold tasks that can never run. */
export function compileFlow(dag: OracleDag): Dag {
  const spec = flowSpec(dag);
  const plain = compileDag({ ...spec, tasks: spec.tasks.map((task) => ({ ...task, triggerRule: 'all_success' as const })) });
  return { ...plain, spec, tasks: spec.tasks };
}
