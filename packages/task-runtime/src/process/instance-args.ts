/** `context.args`: what mapping or a loop gives this instance of a task, be it the task's own or that of a group around it. */
import type { LoopDefinition, MappedDefinition, RunValues, TaskDefinition } from '@headrace/sdk';
import { resolveReferences } from '@headrace/sdk/runtime';
import { CodeUnavailableError } from '../errors.ts';
import type { RunOrder } from '../protocol.ts';
import { readValue } from './read-value.ts';

export type InstanceArgs = Readonly<Record<string, unknown>>;

/** Undefined for a task that is neither mapped nor in a mapped group or a loop. Throws CodeUnavailableError. */
export function instanceArgs(task: TaskDefinition, order: RunOrder, values: RunValues): InstanceArgs | undefined {
  const { mapped, loop } = repeaterOf(task);
  if (mapped !== undefined) return mappedArgs(mapped, order, values);
  return loop === undefined ? undefined : loopArgs(loop, order, values);
}

/** How this instance is shown; undefined: by its map index. */
export function labelOf(task: TaskDefinition, args: InstanceArgs | undefined): string | undefined {
  const label = args === undefined ? undefined : repeaterOf(task).mapped?.label?.(args);
  return label === undefined ? undefined : String(label).slice(0, LONGEST_LABEL);
}

const LONGEST_LABEL = 250;

interface Repeater {
  readonly mapped?: MappedDefinition;
  readonly loop?: LoopDefinition;
}

function repeaterOf(task: TaskDefinition): Repeater {
  let at: Repeater = task;
  for (let group = task.group; at.mapped === undefined && at.loop === undefined && group !== undefined; group = group.parent) at = group;
  return at;
}

function mappedArgs({ over }: MappedDefinition, { items = [], taskId, mapIndex }: RunOrder, values: RunValues): InstanceArgs {
  const args: Record<string, unknown> = {};
  for (const [place, { argument, items: known }] of over.entries()) {
    const source = items[place];
    if (source === undefined) throw new CodeUnavailableError(`Task "${taskId}" was given no item for its argument "${argument}"`);
    if (!('index' in source)) args[argument] = readValue(source);
    else if (Array.isArray(known) && source.index < known.length) args[argument] = resolveReferences(known[source.index], values);
    else
      throw new CodeUnavailableError(
        `Task "${taskId}" has no item ${source.index} for "${argument}" (instance ${mapIndex}) in its code of this version`,
      );
  }
  return args;
}

function loopArgs({ argument, initial }: LoopDefinition, { loopState, mapIndex }: RunOrder, values: RunValues): InstanceArgs {
  const state = loopState === undefined ? resolveReferences(initial, values) : readValue(loopState);
  return { [argument]: state, iteration: Math.max(0, mapIndex) };
}
