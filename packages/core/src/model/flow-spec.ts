/** What a task is to the flow of its run besides its trigger rule: groups, mapping, loops, branches, setup and teardown. In canonical form. */
import type { Milliseconds } from './instant.ts';

/** Where the items of a mapped task or group come from. */
export type ItemsSource =
  /** Items that the DAG file has: only how many is in the graph. */
  | { readonly kind: 'literal'; readonly length: number }
  /** The result of a task: an array, or an object's entries. Of a mapped task: the results of its instances that succeeded, in the order of their map index. */
  | { readonly kind: 'result'; readonly taskId: string };

/** Over which items a task or a group is repeated. Argument names are in the order in which they were written. */
export interface ExpandSpec {
  /** `product`: every combination, the last argument changing fastest. `zip`: in step, up to the shortest. */
  readonly combine: 'product' | 'zip';
  readonly over: readonly { readonly argument: string; readonly source: ItemsSource }[];
}

export interface LoopSpec {
  /** The task of the group whose success says whether another iteration follows (`decision.again`). */
  readonly gate: string;
  /** Reached with the gate still asking for more: the gate fails. */
  readonly maxIterations: number;
}

export interface RepeatPolicy {
  /** How often the whole is run anew. 0: never. */
  readonly max: number;
  readonly delayMs: Milliseconds;
}

export interface GroupSpec {
  /** With the ids of the groups around it, joined with `.`: `outer.inner`. */
  readonly groupId: string;
  readonly parent?: string;
  readonly doc?: string;
  /** At most one of `expand` and `loop`; neither inside a group that has one. */
  readonly expand?: ExpandSpec;
  readonly loop?: LoopSpec;
  /** When a task of the group has failed and all of it has ended, the whole group is cleared and run anew. */
  readonly retries?: RepeatPolicy;
}

/** What the success of a task decides for tasks downstream of it. */
export type DecidesSpec =
  /** `decision.follow` names direct downstream tasks; the others are skipped, but not what a followed one leads to. */
  | { readonly kind: 'branch' }
  /** `decision.follow: []` skips everything downstream (but teardowns), whatever its trigger rules; with `direct` only the direct downstream tasks. */
  | { readonly kind: 'short_circuit'; readonly reach: 'all' | 'direct' };

/** What a successful attempt says besides its result. */
export interface Decision {
  /** How many items its result has, if it is an array or object that something may be mapped over. */
  readonly items?: number;
  /** Of a task that decides: the direct downstream tasks to go on with. Absent: all. */
  readonly follow?: readonly string[];
  /** Of the gate of a loop: another iteration is wanted. */
  readonly again?: boolean;
}
