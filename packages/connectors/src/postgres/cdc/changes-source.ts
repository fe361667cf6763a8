/**
 * Changes of a table, in batches: first all its rows, then, with each read, what was committed since the load of the last one.
 *
 * The position is kept with the loaded rows and moves in their commit, so that no change is lost and none comes twice.
 */
import { DataError, type ReadOptions, type Relation, type Work } from '@headrace/dataplane';
import { type Column, elementType, type Source } from '@headrace/sdk';
import { withClient } from '../connect.ts';
import type { ChangesWanted } from './change-rows.ts';
import { changeColumns } from './changes-place.ts';
import { firstRead } from './first-read.ts';
import { nextRead } from './next-read.ts';
import { publishedTable } from './published-table.ts';
import { assertLogical, type ChangesTask, changesTask, endOfLog, guarded, type LogPosition, takeUpSlot } from './slot.ts';

export async function openChanges(source: Source, work: Work, options: ReadOptions | undefined): Promise<Relation> {
  const task = changesTask(source, work);
  if (options === undefined || options.range !== undefined)
    throw new DataError(
      'HR_CDC_NOT_KEPT',
      `${task.where} are read from where their last load ended: by a load, or by an extract that a load follows, and without a "cursor"`,
    );
  const { settings } = task;
  const connection = work.connection(source.connection);
  const position = options.position === undefined ? undefined : positionOf(options.position, task);
  const { table, end } = await withClient(connection, work.signal, async (client) => {
    await assertLogical(client, task);
    // Before the table is looked at: what was done to it until then is seen.
    const end = await endOfLog(client);
    const table = await publishedTable(client, settings.name, settings.publication, settings.onTruncate !== 'ignore', task.where);
    if (position !== undefined) {
      if (position.table !== table.oid)
        throw new DataError('HR_CDC_POSITION', `${task.where}: the table was dropped and made anew since the last load. ${task.anew}`);
      await guarded(task, () => takeUpSlot(client, task, position, end, work));
    }
    return { table, end };
  });
  const declared = declaredOf(source);
  const wanted: ChangesWanted = { settings, declared, present: textsOf(table.columns, declared), key: table.key, where: task.where };
  return position === undefined
    ? firstRead(connection, task, table, wanted, work)
    : nextRead(connection, task, table, { from: position, to: end }, wanted, work);
}

/** What is there, and travels: an array that is wanted as text is the server's text of it, also where it is no list. */
function textsOf(present: readonly Column[], declared: ChangesWanted['declared']): readonly Column[] {
  const isText = ({ name, type }: Column): boolean =>
    elementType(type) !== undefined && elementType(declared?.[name] ?? type) === undefined;
  return present.map((column) => (isText(column) ? { name: column.name, type: 'text' } : column));
}

function declaredOf({ columns, settings }: Source): ChangesWanted['declared'] {
  if (columns === undefined) return undefined;
  const own = changeColumns(settings as unknown as ChangesTask['settings']);
  return Object.fromEntries(Object.entries(columns).filter(([name]) => !Object.hasOwn(own, name)));
}

function positionOf(stored: unknown, task: ChangesTask): LogPosition {
  const { slot, table, lsn } = stored as Partial<LogPosition>;
  if (typeof slot !== 'string' || typeof table !== 'number' || typeof lsn !== 'string' || !/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/.test(lsn))
    throw new DataError('HR_CDC_POSITION', `${task.where}: what is stored is no place in a log: ${JSON.stringify(stored)}. ${task.anew}`);
  if (slot !== task.slot)
    throw new DataError(
      'HR_CDC_POSITION',
      `${task.where}: what is loaded was read from slot "${slot}", and not from "${task.slot}". Name that slot, without "headrace_", or begin anew. ${task.anew}`,
    );
  return { slot, table, lsn };
}
