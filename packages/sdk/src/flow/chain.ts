/** Order without results. */
import { openDag } from '../dag-builder.ts';
import { DagDefinitionError } from '../definition-error.ts';
import { firstTasks, lastTasks, type Wires } from './wiring.ts';

/**
 * Orders tasks and groups one after another, without passing results. A list stands for tasks side by side; two lists one after the other
 * are joined in pairs. Throws HR_FOREIGN_TASK, HR_OUTSIDE_DAG, HR_BAD_INPUT.
 */
export function chain(...links: readonly Wires[]): void {
  for (const [index, link] of links.entries()) {
    const before = links[index - 1];
    const where = `chain(…), argument ${index + 1}`;
    if (before === undefined) {
      join(where, [], link);
      continue;
    }
    if (!isList(before) || !isList(link)) {
      join(where, before, link);
      continue;
    }
    if (before.length !== link.length)
      throw new DagDefinitionError(
        'HR_BAD_INPUT',
        `${where}: ${before.length} and ${link.length} tasks cannot be joined in pairs; write cross(a, b) to join each with each`,
      );
    for (const [at, wire] of link.entries()) join(where, before[at] ?? [], wire);
  }
}

/** Each of the first comes before each of the second. Throws HR_FOREIGN_TASK, HR_OUTSIDE_DAG, HR_BAD_INPUT. */
export function cross(before: Wires, after: Wires): void {
  join('cross(…)', before, after);
}

function join(where: string, before: Wires, after: Wires): void {
  const builder = openDag(where);
  const last = lastTasks(where, before);
  for (const upstream of last) builder.checkOwn(where, upstream);
  for (const first of firstTasks(where, after)) {
    builder.checkOwn(where, first);
    for (const upstream of last) first.after.add(upstream);
  }
}

function isList(wires: Wires): wires is Extract<Wires, readonly unknown[]> {
  return Array.isArray(wires);
}
