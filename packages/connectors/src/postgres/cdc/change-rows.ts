/** Rows of changes as a relation: texts of the server, in a pipe or in files, as values of their types, with the columns of our own. */
import {
  DataError,
  firstLines,
  ident,
  literal,
  MISMATCH_MARK,
  parquetRelation,
  parseExpression,
  type Relation,
  storageType,
  TypeMismatchError,
} from '@headrace/dataplane';
import { type Column, elementType } from '@headrace/sdk';
import { chosenColumns } from '../select.ts';
import { type ChangesSettings, changeColumns } from './changes-place.ts';
import { lsnOfOrder } from './lsn.ts';
import type { SpooledChanges } from './spooled-changes.ts';

/** What is asked for, and what the table is now. */
export interface ChangesWanted {
  readonly settings: Pick<ChangesSettings, 'give' | 'details'>;
  /** Declared by the user, without our own; undefined: all. */
  readonly declared: Readonly<Record<string, Column['type']>> | undefined;
  readonly present: readonly Column[];
  readonly key: readonly string[];
  /** For messages. */
  readonly where: string;
}

const LINE = 8 * 1024 ** 2;
/** In names that no table has. */
const ORDER = '"headrace:order"';
const OPERATION = '"headrace:operation"';
const COMMITTED = '"headrace:committed"';

/** The columns that are given of the table: what was dropped meanwhile comes after those that are there. */
function givenColumns({ declared, present, where }: ChangesWanted, changes: readonly SpooledChanges[] = []): readonly Column[] {
  const all = [...present];
  for (const column of changes.flatMap(({ columns }) => columns)) if (!all.some(({ name }) => name === column.name)) all.push(column);
  return chosenColumns(all, { ...(declared ? { columns: declared } : {}) } as Parameters<typeof chosenColumns>[1], where);
}

/** Those that are there and wanted. */
export function wantedColumns({ declared, present }: ChangesWanted): readonly Column[] {
  return declared === undefined ? present : present.filter(({ name }) => Object.hasOwn(declared, name));
}

/** Throws DataError where a column of the table has the name of one of ours. */
export function changeRelation(wanted: ChangesWanted, changes: readonly SpooledChanges[]): Relation {
  const { settings, where, key } = wanted;
  const columns = givenColumns(wanted, changes);
  const own = Object.entries(changeColumns(settings)).map(([name, type]) => ({ name, type }));
  const twice = own.find(({ name }) => columns.some((column) => column.name === name));
  if (twice !== undefined)
    throw new DataError('HR_COLUMN_TWICE', `${where}: the table has a column "${twice.name}" itself. Declare the columns without it`);
  if (settings.give === 'last') {
    const missing = key.find((name) => !columns.some((column) => column.name === name));
    if (missing !== undefined)
      throw new DataError(
        'HR_CDC_NO_KEY',
        `${where}: column "${missing}" of the key is not among the declared columns: give: 'last' needs it`,
      );
  }
  const all = [...columns, ...own];
  if (changes.length === 0) return parquetRelation([], all);
  const rows = changes.map((part) => `(${partSelect(part, columns)})`).join(' union all ');
  // The rows of the table itself have each key once.
  const several = settings.give === 'last' && !changes.every(({ pipe }) => pipe);
  const last = several ? ` qualify row_number() over (partition by ${key.map(ident).join(', ')} order by ${ORDER} desc) = 1` : '';
  const expressions = [...columns.map(({ name }) => ident(name)), ...own.map(({ name }) => `${ownExpression(name)} as ${ident(name)}`)];
  return {
    select: `select ${expressions.join(', ')} from (${rows})${last}`,
    columns: all,
    explain: (error) => explainRows(error, where),
  };
}

function ownExpression(name: string): string {
  if (name === '_deleted') return `${OPERATION} = 'delete'`;
  if (name === '_operation') return OPERATION;
  if (name === '_lsn') return lsnOfOrder(ORDER);
  if (name === '_committed_at') return `make_timestamp(${COMMITTED})::timestamptz`;
  return ORDER;
}

function partSelect({ file, columns: texts, longest, pipe = false }: SpooledChanges, columns: readonly Column[]): string {
  const names = [ORDER, OPERATION, COMMITTED].map((name) => name.slice(1, -1));
  const types = [
    ...names.map((name) => [name, name === COMMITTED.slice(1, -1) ? 'BIGINT' : 'VARCHAR'] as const),
    ...texts.map((text) => [text.name, columns.some((column) => isDirect(column, text)) ? storageType(text.type) : 'VARCHAR'] as const),
  ];
  const size = Math.max(LINE, longest + 1);
  const read = `read_csv(${literal(file)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', max_line_size = ${size}, buffer_size = ${size}${pipe ? '' : ', parallel = false'}, columns = {${types.map(([name, type]) => `${literal(name)}: ${literal(type)}`).join(', ')}})`;
  const values = columns.map((column) => `${valueExpression(column, texts)} as ${ident(column.name)}`);
  return `select ${[...values, ORDER, OPERATION, COMMITTED].join(', ')} from ${read}`;
}

function valueExpression(column: Column, texts: readonly Column[]): string {
  const text = texts.find(({ name }) => name === column.name);
  if (text === undefined) return `cast(null as ${storageType(column.type)})`;
  if (column.type === 'text' || isDirect(column, text) || (column.type === 'numeric' && text.type === 'numeric')) return ident(column.name);
  return parseExpression(ident(column.name), column);
}

const PARSED: ReadonlySet<string> = new Set(['text', 'numeric', 'json', 'bytes', 'date', 'timestamp', 'timestamptz']);

/** Whether DuckDB reads the server's text of every value just so. Days are not: before our era they are written in another way. */
function isDirect(column: Column, text: Column): boolean {
  return column.name === text.name && column.type === text.type && elementType(text.type) === undefined && !PARSED.has(text.type);
}

function explainRows(error: unknown, where: string): unknown {
  if (error instanceof DataError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (/unterminated quote|[Mm]ax(imum)?[ _]line[ _]size/.test(message))
    return new DataError(
      'HR_ROW_TOO_LONG',
      `${where}: a row of the table is longer than ${LINE / 1024 ** 2} MiB, which the first read cannot take. Declare the columns without the long one, or take a publication that lists the others`,
      { cause: error },
    );
  const mark = message.indexOf(MISMATCH_MARK);
  if (mark < 0) return error;
  return new TypeMismatchError(`${where}: ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
}
