/** A run that a test plays by hand: attempts end when the test says so, one at a time. */
import {
  type AttemptReport,
  attemptOutcome,
  type Dag,
  expandNodes,
  type NodeExpansion,
  newRun,
  type RunEvent,
  type RunState,
  type Step,
  step,
} from '../../src/index.ts';
import { at } from './specs.ts';

type End = 'success' | 'failed' | 'skipped' | Extract<AttemptReport, { outcome: 'success' }>['decision'];

export class Play {
  readonly dag: Dag;
  run: RunState;
  now = 1_000;
  /** The last answer of the core. */
  last: Extract<Step, { kind: 'applied' }> | undefined;

  constructor(dag: Dag, begin = true) {
    this.dag = dag;
    this.run = newRun(dag);
    if (begin) this.tell({ type: 'run.started' });
  }

  tell(event: RunEvent): Extract<Step, { kind: 'applied' }> {
    const answer = step(this.dag, this.run, event, this.now);
    if (answer.kind !== 'applied') throw new Error(`${JSON.stringify(event)} was ${JSON.stringify(answer)}`);
    this.run = answer.run;
    this.last = answer;
    return answer;
  }

  /** `extract`, or `load[2]`. */
  node(name: string): number {
    const [, taskId, place] = /^([^[]+)(?:\[(\d+)\])?$/.exec(name) ?? [];
    const task = this.dag.indexOf(taskId ?? '');
    const mapIndex = place === undefined ? undefined : Number(place);
    const found = this.run.nodes.findIndex((node) => node.task === task && (mapIndex === undefined || node.mapIndex === mapIndex));
    if (found < 0) throw new Error(`The run has no ${name}`);
    return found;
  }

  nodes(...names: readonly string[]): readonly number[] {
    return names.map((name) => this.node(name));
  }

  /** Its attempt is given a slot, claimed, and ends so. An object is a success that says this. */
  end(name: string, end: End): this {
    const node = this.node(name);
    const { status, attempt } = at(this.run.tasks, node);
    if (status !== 'scheduled') throw new Error(`${name} is ${status}, it cannot run`);
    const report: AttemptReport =
      end === 'failed'
        ? { outcome: 'failed', error: { name: 'Error', message: 'planned' } }
        : end === 'skipped'
          ? { outcome: 'skipped' }
          : { outcome: 'success', ...(typeof end === 'object' ? { decision: end } : {}) };
    const { task } = at(this.run.nodes, node);
    const to = attemptOutcome(at(this.dag.tasks, task), attempt + 1, report, this.now, 0);
    const moves = [{ status: 'queued', attempt: attempt + 1 } as const, { status: 'running', attempt: attempt + 1 } as const, to];
    this.tell({ type: 'tasks.moved', moves: moves.map((move) => ({ task: node, to: move })) });
    return this;
  }

  /** Time passes, and the core is asked what is due. */
  pass(ms: number): this {
    this.now += ms;
    this.tell({ type: 'tick' });
    return this;
  }

  clear(names: readonly string[], expansion: NodeExpansion = {}): this {
    this.tell({ type: 'tasks.cleared', tasks: expandNodes(this.dag, this.run, this.nodes(...names), expansion) });
    this.tell(this.run.status === 'queued' ? { type: 'run.started' } : { type: 'tick' });
    return this;
  }

  /** Every node with its status: `load[0]: success`. */
  get states(): readonly string[] {
    const lines = this.run.nodes.map(({ task, mapIndex }, node) => ({
      name: `${at(this.dag.tasks, task).taskId}${mapIndex < 0 ? '' : `[${mapIndex}]`}`,
      status: at(this.run.tasks, node).status,
    }));
    const order = this.run.nodes
      .map((_, node) => node)
      .sort((a, b) => {
        const [one, other] = [at(this.run.nodes, a), at(this.run.nodes, b)];
        return one.task - other.task || one.mapIndex - other.mapIndex;
      });
    return order.map((node) => `${at(lines, node).name}: ${at(lines, node).status}`);
  }
}
