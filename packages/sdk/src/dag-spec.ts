/** A DAG's definition in canonical form: everything of its spec but the tasks' places in the source. */
import type { ExpandSpec, GroupSpec, ItemsSource, TaskSpec } from '@headrace/core';
import type { GroupDefinition, Items, MappedDefinition, TaskDefinition } from './definition.ts';
import { isTask, upstreamOf } from './flow/wiring.ts';

export function taskSpec(task: TaskDefinition): TaskSpec {
  const inputs = Object.entries(task.inputs).map(([name, upstream]) => [name, upstream.taskId] as const);
  const { role, setups, failsRun, decides, sensor, outlets = [], inlets = [] } = task.flow ?? {};
  return {
    taskId: task.taskId,
    kind: task.kind,
    upstream: [...upstreamOf(task)].map((each) => each.taskId).sort(),
    ...task.options,
    inputs: Object.fromEntries(inputs.sort(([a], [b]) => (a < b ? -1 : 1))),
    connections: task.connections,
    ...(role === undefined ? {} : { role }),
    ...(setups === undefined ? {} : { setups: setups.map((each) => each.taskId).sort() }),
    ...(failsRun === undefined ? {} : { failsRun }),
    ...(decides === undefined ? {} : { decides }),
    ...(task.group === undefined ? {} : { group: task.group.spec.groupId }),
    ...(task.mapped === undefined ? {} : { expand: expandSpec(task.mapped) }),
    ...(task.mapped?.template === undefined ? {} : { mapIndexTemplate: task.mapped.template }),
    ...(outlets.length === 0 ? {} : { outlets: namesOf(outlets) }),
    ...(inlets.length === 0 ? {} : { inlets: namesOf(inlets) }),
    ...(sensor === undefined ? {} : { sensor }),
  };
}

export function groupSpec({ spec, mapped }: GroupDefinition): GroupSpec {
  return { ...spec, ...(mapped === undefined ? {} : { expand: expandSpec(mapped) }) };
}

function expandSpec({ combine, over }: MappedDefinition): ExpandSpec {
  return { combine, over: over.map(({ argument, items }) => ({ argument, source: sourceOf(items) })) };
}

function sourceOf(items: Items): ItemsSource {
  return isTask(items) ? { kind: 'result', taskId: items.taskId } : { kind: 'literal', length: items.length };
}

function namesOf(assets: readonly { readonly name: string }[]): readonly string[] {
  return [...new Set(assets.map((each) => each.name))].sort();
}
