/**
 * Where the cursor of an extract is kept: beside the rows that its one load writes, so that both change in one commit.
 *
 * 1. A load says so when it is defined; the extract's `homes` are filled until the DAG is built, and then there must be exactly one.
 * 2. The extract has the connection of its home: it reads the cursor from there.
 */
import type { CursorOptions } from './cursor.ts';
import { openDag } from './dag-builder.ts';
import type { Place, Source } from './dataset.ts';
import type { TaskDefinition } from './definition.ts';
import { DagDefinitionError } from './definition-error.ts';
import type { Disposition } from './disposition.ts';
import { durationMs } from './duration.ts';

/** A load that moves an extract's cursor. */
export interface CursorHomeSpec {
  readonly task: string;
  readonly target: Place;
  readonly disposition: Disposition;
}

/** The homes of an extract that has a cursor. Filled while the DAG is built. */
const homesOf = new WeakMap<TaskDefinition, CursorHomeSpec[]>();

/** To be called with an extract that reads incrementally; `homes` is the list in its operation. */
export function expectHome(extract: TaskDefinition, homes: CursorHomeSpec[]): void {
  homesOf.set(extract, homes);
  openDag(`Task "${extract.taskId}"`).atEnd(() => {
    if (homes.length === 1) return;
    const found = homes.length === 0 ? 'no load' : `${homes.length} loads (${homes.map(({ task }) => `"${task}"`).join(', ')})`;
    throw new DagDefinitionError(
      'HR_BAD_CURSOR',
      `extract "${extract.taskId}" has a cursor, and ${found}: its cursor is moved by the one load of its rows, in the same commit. ${
        homes.length === 0
          ? 'Load its rows with load(…, { from: … }), or read without a cursor'
          : 'Load them once, and read the loaded table in the other tasks'
      }`,
    );
  });
}

/** Makes a load the home of the cursor of what it loads, if that has one. */
export function offerHome(from: TaskDefinition, home: CursorHomeSpec): void {
  const homes = homesOf.get(from);
  if (homes === undefined) return;
  checkKeeps(`load "${home.task}"`, from.operation?.cursor as CursorOptions | undefined, home.disposition);
  homes.push(home);
  if (from.connections.includes(home.target.connection)) return;
  // The one thing that is learnt of a task after it was made.
  const connections = from.connections as string[];
  connections.push(home.target.connection);
  connections.sort();
}

/** Throws HR_BAD_CURSOR for a load that would remove, with every run, the rows of the runs before. */
export function checkKeeps(where: string, cursor: CursorOptions | undefined, disposition: Disposition): void {
  if (disposition !== 'replace' || cursor?.range === 'interval') return;
  throw new DagDefinitionError(
    'HR_BAD_CURSOR',
    `${where} reads only what is new, and would replace all that was loaded before by it: say disposition: 'append' or { merge: ['…'] }`,
  );
}

/** Whether a task that reads this has a cursor. */
export function readsIncrementally(source: Source, cursor: CursorOptions | undefined): boolean {
  return cursor !== undefined || source.remembers === true;
}

/** Checks what can be checked before there is a row. `lag` becomes milliseconds where it is a duration. */
export function cursorSpec<N extends string>(where: string, cursor: CursorOptions<N>): CursorOptions<N> {
  if (typeof cursor.column !== 'string' || cursor.column === '')
    throw new DagDefinitionError('HR_BAD_CURSOR', `${where}, cursor: "column" must be the name of a column`);
  choice(where, 'range', cursor.range, ['auto', 'interval']);
  choice(where, 'onMissing', cursor.onMissing, ['fail', 'include', 'exclude']);
  if (cursor.name !== undefined && !/^[\w.:-]{1,200}$/.test(cursor.name))
    throw new DagDefinitionError('HR_BAD_CURSOR', `${where}, cursor: the name "${cursor.name}" must be letters, digits and . : _ -`);
  const { lag } = cursor;
  if (lag === undefined) return cursor;
  if (typeof lag !== 'number') return { ...cursor, lag: { ms: durationMs(`${where}, cursor.lag`, lag) } };
  if (Number.isSafeInteger(lag) && lag >= 0) return cursor;
  throw new DagDefinitionError('HR_BAD_CURSOR', `${where}, cursor: "lag" is ${lag}, and must be a whole number from 0, or a duration`);
}

function choice(where: string, option: string, given: string | undefined, known: readonly string[]): void {
  if (given !== undefined && !known.includes(given))
    throw new DagDefinitionError('HR_BAD_CURSOR', `${where}, cursor: "${option}" is "${given}", and must be one of ${known.join(', ')}`);
}
