/**
 * The judge of the judge for everything beyond trigger rules: what the task instances of a run come to, written down as naive
 * recursion over final states. It knows no events, no order, no counters, and imports nothing from the core.
 *
 * Manual: Airflow 3, core-concepts/dags ("Branching", "Trigger Rules"), howto/setup-and-teardown,
 * authoring-and-scheduling/dynamic-task-mapping and /loops; Headrace's own words where Airflow has none (retries of groups and runs).
 */
import { type Final, oracleVerdict } from './oracle.ts';

export interface OracleTask {
  readonly id: string;
  readonly upstream: readonly number[];
  readonly rule: string;
  readonly role?: 'setup' | 'teardown';
  readonly setups?: readonly number[];
  readonly failsRun?: boolean;
  readonly decides?: 'branch' | 'short_circuit' | 'short_circuit_direct';
  readonly group?: string;
  readonly expand?: OracleExpand;
  /** It waits for the run before, which in the end is always done with it: what it comes to is the same. */
  readonly waitsForPast?: boolean;
}
export interface OracleExpand {
  readonly combine: 'product' | 'zip';
  /** A number: so many literal items. Else the task whose result has the items. */
  readonly over: readonly (number | { readonly task: number })[];
}
export interface OracleGroup {
  readonly id: string;
  readonly parent?: string;
  readonly expand?: OracleExpand;
  readonly loop?: { readonly gate: number; readonly max: number };
  readonly retries?: number;
}
export interface OracleDag {
  readonly tasks: readonly OracleTask[];
  readonly groups: readonly OracleGroup[];
  readonly anyFailed?: boolean;
  readonly runRetries?: { readonly max: number; readonly from: 'failed' | 'start' };
}
/** How an attempt ends. */
export interface OracleEnd {
  readonly end: 'success' | 'failed' | 'skipped';
  readonly items?: number;
  readonly follow?: readonly string[];
  readonly again?: boolean;
}
/** @param time how often this instance has run before, 0 the first time. */
export type OracleEnds = (task: number, mapIndex: number, time: number) => OracleEnd;

/** Per task its instances by map index; −1 stands alone. */
export type OracleFinals = readonly ReadonlyMap<number, Final>[];

interface Fate {
  readonly final: Final;
  readonly said?: OracleEnd;
}

export function oracleRun(dag: OracleDag, ends: OracleEnds): { readonly finals: OracleFinals; readonly outcome: 'success' | 'failed' } {
  const { tasks, groups } = dag;
  const group = (id: string | undefined): OracleGroup | undefined => groups.find((one) => one.id === id);
  const around = (task: number): readonly OracleGroup[] => {
    const found: OracleGroup[] = [];
    for (let one = group(tasks[task]?.group); one !== undefined; one = group(one.parent)) found.push(one);
    return found;
  };
  const members = (id: string): readonly number[] => [...tasks.keys()].filter((task) => around(task).some((one) => one.id === id));
  const downstream = (task: number): readonly number[] => [...tasks.keys()].filter((other) => tasks[other]?.upstream.includes(task));
  /** What can be reached over at least one edge. */
  const behind = (task: number): ReadonlySet<number> => {
    const found = new Set<number>();
    const visit = (one: number): void => {
      for (const next of downstream(one)) {
        if (found.has(next)) continue;
        found.add(next);
        visit(next);
      }
    };
    visit(task);
    return found;
  };
  /** The name of what is repeated with the task: itself, its mapped group, its loop; undefined: it is alone. */
  const repeated = (task: number): string | undefined =>
    tasks[task]?.expand === undefined ? around(task).find((one) => one.expand ?? one.loop)?.id : `task ${task}`;
  const together = (task: number, other: number): boolean => repeated(task) !== undefined && repeated(task) === repeated(other);
  const inSight = (from: number, to: number): boolean => repeated(from) === undefined || together(from, to);
  const loopOf = (task: number): OracleGroup | undefined => around(task).find((one) => one.loop);
  const expandOf = (task: number): OracleExpand | undefined => tasks[task]?.expand ?? around(task).find((one) => one.expand)?.expand;
  const mayFail = (task: number): boolean => tasks[task]?.role === 'teardown' && tasks[task]?.failsRun !== true;

  const fates = new Map<string, Fate>();
  const ran = new Map<string, number>();
  const groupLives = new Map<string, number>();
  const over = new Set<string>();

  const fate = (task: number, mapIndex: number): Fate => {
    const key = `${task}/${mapIndex}`;
    const known = fates.get(key);
    if (known !== undefined) return known;
    const found = findFate(task, mapIndex);
    fates.set(key, found);
    return found;
  };

  function findFate(task: number, mapIndex: number): Fate {
    const verdict = judge(task, mapIndex);
    if (verdict !== 'run') return { final: verdict === 'skip' ? 'skipped' : 'upstream_failed' };
    const key = `${task}/${Math.max(0, mapIndex)}`;
    const time = ran.get(key) ?? 0;
    ran.set(key, time + 1);
    const said = ends(task, mapIndex, time);
    const loop = loopOf(task)?.loop;
    const tooOften = loop?.gate === task && said.end === 'success' && said.again === true && mapIndex + 1 >= loop.max;
    return { final: tooOften ? 'failed' : said.end, said };
  }

  function judge(task: number, mapIndex: number): 'run' | 'skip' | 'upstream_failed' {
    const { role, rule = '', upstream = [], setups = [], expand } = tasks[task] ?? {};
    const decided = (): boolean => [...tasks.keys()].some((decider) => decidesAgainst(decider, task, mapIndex));
    if (expand !== undefined && decided()) return 'skip';
    if (expandOf(task) !== undefined) {
      const items = itemCount(task);
      if (typeof items !== 'number') return items;
    }
    if (decided()) return 'skip';
    const states = upstream.flatMap((source) => seen(source, task, mapIndex).map(({ final }) => final));
    if (role === 'teardown') {
      const mine = setups.flatMap((setup) => seen(setup, task, mapIndex).map(({ final }) => final));
      if (mine.length === 0 || mine.includes('success')) return 'run';
      return mine.every((state) => state === 'skipped') ? 'skip' : 'upstream_failed';
    }
    if (rule !== 'always') {
      const needed = [...tasks.keys()].filter((setup) => isInScope(setup, task)).map((setup) => seen(setup, task, mapIndex)[0]?.final);
      if (needed.some((state) => state === 'failed' || state === 'upstream_failed')) return 'upstream_failed';
      if (needed.includes('skipped')) return 'skip';
    }
    const verdict = oracleVerdict(rule, states);
    if (verdict === 'wait') throw new Error('All is done, and the manual says wait');
    return verdict;
  }

  /** "downstream of the setup and upstream of its teardown"; a setup without a teardown is for all that comes after it. */
  function isInScope(setup: number, task: number): boolean {
    if (tasks[setup]?.role !== 'setup' || tasks[task]?.role === 'teardown' || !behind(setup).has(task) || !inSight(setup, task))
      return false;
    const teardowns = [...tasks.keys()].filter((other) => tasks[other]?.role === 'teardown' && tasks[other]?.setups?.includes(setup));
    return teardowns.length === 0 || teardowns.some((teardown) => behind(task).has(teardown));
  }

  function decidesAgainst(decider: number, task: number, mapIndex: number): boolean {
    const { decides, expand } = tasks[decider] ?? {};
    if (decides === undefined || expand !== undefined || tasks[task]?.role === 'teardown' || !inSight(decider, task)) return false;
    const targets = decides === 'short_circuit' ? behind(decider) : new Set(downstream(decider));
    if (!targets.has(task)) return false;
    const { final, said } = seen(decider, task, mapIndex)[0] ?? { final: 'removed' };
    const follow = final === 'success' ? said?.follow : undefined;
    if (follow === undefined) return false;
    if (decides !== 'branch') return follow.length === 0;
    const followed = downstream(decider).filter((target) => follow.includes(tasks[target]?.id ?? ''));
    return !followed.some((target) => target === task || behind(target).has(task));
  }

  /** The instances of `source` that an instance of `task` sees, when nothing can change them any more. */
  function seen(source: number, task: number, mapIndex: number): readonly Fate[] {
    const shut = around(source).filter((one) => !around(task).includes(one) && (one.retries ?? 0) > 0);
    for (const one of [...shut].reverse()) endGroup(one);
    if (together(source, task)) return [fate(source, mapIndex)];
    const indexes = indexesOf(source);
    return (loopOf(source) === undefined ? indexes : indexes.slice(-1)).map((index) => fate(source, index));
  }

  function indexesOf(task: number): readonly number[] {
    const loop = loopOf(task)?.loop;
    if (loop !== undefined) {
      let last = 0;
      for (let gate = fate(loop.gate, 0); gate.final === 'success' && gate.said?.again === true; gate = fate(loop.gate, last)) last += 1;
      return Array.from({ length: last + 1 }, (_, index) => index);
    }
    if (expandOf(task) === undefined) return [-1];
    if (tasks[task]?.expand !== undefined && [...tasks.keys()].some((decider) => decidesAgainst(decider, task, -1))) return [-1];
    const items = itemCount(task);
    return typeof items === 'number' ? Array.from({ length: items }, (_, index) => index) : [-1];
  }

  function itemCount(task: number): number | 'skip' | 'upstream_failed' {
    const { combine, over: sources } = expandOf(task) ?? { combine: 'product', over: [] };
    const lengths = sources.map((source) => (typeof source === 'number' ? source : resultLength(source.task, task)));
    if (lengths.includes('upstream_failed')) return 'upstream_failed';
    if (lengths.includes('skip')) return 'skip';
    const numbers = lengths.filter((length) => typeof length === 'number');
    const count = combine === 'zip' ? Math.min(...numbers) : numbers.reduce((product, length) => product * length, 1);
    return count === 0 ? 'skip' : count;
  }

  function resultLength(source: number, task: number): number | 'skip' | 'upstream_failed' {
    const all = seen(source, task, -1);
    const bad = all.some(({ final }) => final === 'failed' || final === 'upstream_failed');
    if (expandOf(source) !== undefined) {
      const good = all.filter(({ final }) => final === 'success').length;
      return good > 0 ? good : bad ? 'upstream_failed' : 'skip';
    }
    if (bad) return 'upstream_failed';
    return all[0]?.final === 'success' ? (all[0].said?.items ?? 'upstream_failed') : 'skip';
  }

  /** "When a task of the group has failed and all of it has ended, the whole group is cleared and run anew." */
  function endGroup(one: OracleGroup): void {
    if (over.has(one.id)) return;
    const inside = members(one.id);
    for (;;) {
      const failed = inside.flatMap((task) => {
        for (const inner of around(task)) if (inner !== one && inner.parent !== undefined && isWithin(inner, one)) endGroup(inner);
        return indexesOf(task).filter((index) => fate(task, index).final === 'failed' && !mayFail(task));
      });
      const lives = groupLives.get(one.id) ?? 0;
      if (failed.length === 0 || lives >= (one.retries ?? 0)) break;
      groupLives.set(one.id, lives + 1);
      for (const task of inside) forget(task);
      for (const inner of groups) {
        if (inner === one || !isWithin(inner, one)) continue;
        groupLives.delete(inner.id);
        over.delete(inner.id);
      }
    }
    over.add(one.id);
  }

  function isWithin(inner: OracleGroup, outer: OracleGroup): boolean {
    for (let one: OracleGroup | undefined = inner; one !== undefined; one = group(one.parent)) if (one === outer) return true;
    return false;
  }

  function forget(task: number, only: readonly Final[] = []): void {
    for (const [key, { final }] of fates) {
      if (key.startsWith(`${task}/`) && (only.length === 0 || only.includes(final))) fates.delete(key);
    }
  }

  function wholeRun(): { readonly finals: OracleFinals; readonly outcome: 'success' | 'failed' } {
    for (const one of groups) if ((one.retries ?? 0) > 0) endGroup(one);
    const finals = tasks.map((_, task) => new Map(indexesOf(task).map((index) => [index, fate(task, index).final])));
    return { finals, outcome: outcomeOf(finals) };
  }

  function outcomeOf(finals: OracleFinals): 'success' | 'failed' {
    const isBad = (task: number, which: (indexes: readonly number[]) => readonly number[]): boolean =>
      which([...(finals[task]?.keys() ?? [])]).some((index) => ['failed', 'upstream_failed'].includes(finals[task]?.get(index) ?? ''));
    if (dag.anyFailed === true) return tasks.some((_, task) => !mayFail(task) && isBad(task, (all) => all)) ? 'failed' : 'success';
    const all = [...tasks.keys()];
    const judged = all.every(mayFail) ? all : all.filter((task) => !mayFail(task));
    const leaves = judged.filter((task) => downstream(task).every((next) => !judged.includes(next)));
    return leaves.some((task) => isBad(task, (indexes) => (loopOf(task) === undefined ? indexes : indexes.slice(-1))))
      ? 'failed'
      : 'success';
  }

  let result = wholeRun();
  for (let life = 0; result.outcome === 'failed' && life < (dag.runRetries?.max ?? 0); life += 1) {
    for (const task of tasks.keys()) forget(task, dag.runRetries?.from === 'failed' ? ['failed', 'upstream_failed'] : []);
    groupLives.clear();
    over.clear();
    result = wholeRun();
  }
  return result;
}
