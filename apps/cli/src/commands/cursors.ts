/** Cursors that are kept with the data of a connection. Opened from here, by the configuration: no API is asked. */
import type { StoredCursor } from '@headrace/connectors/admin';
import type { Command } from 'commander';
import { configuredConnection } from '../configured-connection.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatFacts, formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

interface PlaceOptions {
  readonly connection: string;
  readonly table?: string;
}

export function addCursorCommands(program: Command, terminal: Terminal): void {
  const cursors = program.command('cursors').description('see how far incremental loads have come, and let them read again');
  const command = (name: string, description: string): Command =>
    cursors
      .command(name)
      .description(description)
      .requiredOption('--connection <id>', 'the connection whose tables keep them')
      .option('--table <name>', 'only those of one table, named as in the DAG file');
  const answer = async (options: PlaceOptions, own: Command, ask: Ask): Promise<void> => {
    const connection = await configuredConnection(options.connection, terminal);
    const found = await ask(await import('@headrace/connectors/admin'), connection, options.table);
    const output = outputOf(own);
    const documents = found.map(documentOf);
    const [document] = documents;
    if (own.name() === 'list')
      show({ output, terminal }, { cursors: documents, total_entries: documents.length }, () => describeAll(found));
    else show({ output, terminal }, document, () => found.map(describe).join(''));
  };

  command('list', 'all cursors').action((options: PlaceOptions, own: Command) =>
    answer(options, own, (admin, connection, table) => admin.listCursors(connection, table)),
  );
  command('show', 'one cursor')
    .argument('<name>')
    .action((name: string, options: PlaceOptions, own: Command) =>
      answer(options, own, async (admin, connection, table) => [await admin.findCursor(connection, name, table)]),
    );
  command('rewind', 'let the next run read from a value on; what is appended a second time is there twice, what is merged is not')
    .argument('<name>')
    .requiredOption('--to <value>', "in the column's own form: 41, 2026-03-10, '2026-03-10 06:00:00+00'")
    .action((name: string, options: PlaceOptions & { readonly to: string }, own: Command) =>
      answer(options, own, async (admin, connection, table) => [await admin.rewindCursor(connection, name, options.to, table)]),
    );
  command('reset', 'forget a cursor: the next run begins as the first one did')
    .argument('<name>')
    .action((name: string, options: PlaceOptions, own: Command) =>
      answer(options, own, async (admin, connection, table) => [await admin.resetCursor(connection, name, table)]),
    );
}

type Ask = (
  admin: typeof import('@headrace/connectors/admin'),
  connection: { readonly id: string; readonly url: string },
  table: string | undefined,
) => Promise<readonly StoredCursor[]>;

function documentOf({ name, table, state, updatedAt, loadId }: StoredCursor) {
  return { name, table, value: state.value ?? null, state, updated_at: updatedAt.toISOString(), load_id: loadId ?? null };
}

function describeAll(cursors: readonly StoredCursor[]): string {
  const rows = cursors.map((cursor) => [
    cursor.name,
    cursor.table,
    standing(cursor),
    cursor.updatedAt.toISOString(),
    cursor.loadId ?? 'a person',
  ]);
  return formatTable(['cursor', 'table', 'value', 'moved', 'by'], rows);
}

function describe(cursor: StoredCursor): string {
  return formatFacts([
    ['cursor', cursor.name],
    ['table', cursor.table],
    ['value', standing(cursor)],
    ['position', cursor.state.position === undefined ? undefined : JSON.stringify(cursor.state.position)],
    ['remembered rows', cursor.state.boundary?.length],
    ['remembered from', cursor.state.boundaryFrom],
    ['moved', cursor.updatedAt.toISOString()],
    ['by', cursor.loadId === undefined ? 'a person' : `load ${cursor.loadId}`],
  ]);
}

function standing({ state }: StoredCursor): string {
  return state.value ?? (state.position === undefined ? 'nothing read yet' : 'a position of its source');
}
