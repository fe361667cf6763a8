/** A collection as rows: its documents pass, in batches, as lines of text through a pipe into DuckDB. */
import { Readable } from 'node:stream';
import {
  ColumnNotFoundError,
  DataError,
  feedPipe,
  firstLines,
  ident,
  literal,
  MISMATCH_MARK,
  makePipe,
  nearest,
  parseExpression,
  type ReadOptions,
  type Relation,
  TypeMismatchError,
  type Work,
} from '@headrace/dataplane';
import type { Column, Columns, Source } from '@headrace/sdk';
import { BSON, type Document } from 'mongodb';
import { jsonOf } from './bson-json.ts';
import { columnText, described } from './bson-text.ts';
import { type MongoSession, withMongo } from './connect.ts';
import { fieldOf } from './document-values.ts';
import type { MongoCollectionOptions } from './mongodb.ts';
import { rangeFilter } from './range-filter.ts';
import { readDocuments } from './read-documents.ts';

const WHOLE: Columns = { _id: 'text', document: 'json' };
/** Of the text of one document: BSON's 16 MiB can be longer as JSON. */
const LONGEST_LINE = 67_108_864;

export async function readCollection(source: Source, work: Work, { range }: ReadOptions = {}): Promise<Relation> {
  const settings = source.settings as unknown as MongoCollectionOptions & { readonly name: string };
  const connection = work.connection(source.connection);
  const where = `Collection "${settings.name}" of connection "${source.connection}"`;
  const columns: readonly Column[] = Object.entries(source.columns ?? WHOLE).map(([name, type]) => ({ name, type }));
  const column = range && columns.find(({ name }) => name === range.column);
  if (range && !column)
    throw new ColumnNotFoundError(
      where,
      range.column,
      columns.map(({ name }) => name),
    );
  const within = range && column ? rangeFilter(range, column.type) : undefined;
  const own = deserialize(settings.filter ?? {}, where);
  const filter = within === undefined ? own : { $and: [own, within] };
  const projection = settings.projection ? withId(settings.projection) : source.columns ? projectionOf(columns) : undefined;
  const rows = await withMongo(connection, work.signal, (session) => expectedRows(session, settings.name, filter, where));
  const pipe = await makePipe(work.scratch, 'mongodb');
  return {
    select: selectOf(pipe, columns),
    columns,
    ...(rows === undefined ? {} : { expected: { rows } }),
    feed: (start) =>
      withMongo(connection, work.signal, ({ db }) => {
        const batches = readDocuments(
          db.collection(settings.name),
          { filter, resumable: settings.resumable ?? true, ...(projection === undefined ? {} : { projection }) },
          work,
          where,
        );
        return feedPipe(
          pipe,
          Readable.from(linesOf(batches, columns, source.columns !== undefined, where, work), { objectMode: false }),
          start(),
        );
      }),
    explain: (error) => explainRead(error, where),
  };
}

/** Dates and values in Extended JSON, as a DAG writes them. */
function deserialize(filter: object, where: string): Document {
  try {
    return BSON.EJSON.parse(BSON.EJSON.stringify(filter), { relaxed: false }) as Document;
  } catch (error) {
    throw new DataError('HR_FILTER_INVALID', `${where}: the filter cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function projectionOf(columns: readonly Column[]): Document {
  const paths = columns.map(({ name }) => name);
  // A field and one below it cannot both be asked for; the upper one brings the other.
  const upper = paths.filter((path) => !paths.some((other) => path.startsWith(`${other}.`)));
  return Object.fromEntries([...upper, '_id'].map((path) => [path, 1]));
}

/** The `_id` is always needed: to go on behind it, and to name a document in a message. */
function withId({ _id, ...fields }: Readonly<Record<string, 0 | 1>>): Document {
  return Object.values(fields).includes(0) ? fields : { ...fields, _id: 1 };
}

/** Also says when there is no such collection, which the server takes for an empty one. */
async function expectedRows({ db }: MongoSession, name: string, filter: Document, where: string): Promise<number | undefined> {
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map((each) => each.name);
  if (!names.includes(name)) throw new DataError('HR_TABLE_NOT_FOUND', `${where} does not exist${nearest(name, names)}`);
  return Object.keys(filter).length === 0 ? db.collection(name).estimatedDocumentCount() : undefined;
}

function selectOf(pipe: string, columns: readonly Column[]): string {
  const keys = ['i', ...columns.map((_, index) => `c${index}`)].map((key) => `${key}: 'VARCHAR'`).join(', ');
  const rows = `read_json(${literal(pipe)}, format = 'newline_delimited', columns = {${keys}}, maximum_object_size = ${LONGEST_LINE})`;
  const select = columns.map(
    (column, index) => `${parseExpression(`c${index}`, column, `'document ' || i || ', '`)} as ${ident(column.name)}`,
  );
  return `select ${select.join(', ')} from ${rows}`;
}

function explainRead(error: unknown, where: string): unknown {
  if (error instanceof DataError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const mark = message.indexOf(MISMATCH_MARK);
  if (mark < 0) return error;
  return new TypeMismatchError(`${where}, ${firstLines(message.slice(mark + MISMATCH_MARK.length), 1)}`, { cause: error });
}

async function* linesOf(
  batches: AsyncIterable<readonly Document[]>,
  columns: readonly Column[],
  declared: boolean,
  where: string,
  work: Work,
): AsyncGenerator<string> {
  let [rows, bytes] = [0, 0];
  for await (const batch of batches) {
    let text = '';
    for (const document of batch) {
      text += lineOf(document, columns, declared, where);
      // A batch of large documents goes in pieces.
      if (text.length > 1 << 20) {
        bytes += text.length;
        yield text;
        text = '';
      }
    }
    rows += batch.length;
    bytes += text.length;
    if (text !== '') yield text;
    work.progress({ phase: 'reading', rows, bytes });
  }
}

function lineOf(document: Document, columns: readonly Column[], declared: boolean, where: string): string {
  const id = columnText(document._id, 'text') ?? jsonOf(document._id);
  const line: Record<string, string | null> = { i: id };
  for (const [index, { name, type }] of columns.entries()) {
    if (!declared) {
      line[`c${index}`] = name === '_id' ? id : jsonOf(document);
      continue;
    }
    const value = fieldOf(document, name);
    const text = columnText(value, type);
    if (text === undefined) {
      throw new TypeMismatchError(
        `${where}, document ${id}: field "${name}" is declared ${type}, which cannot hold the value exactly: ${described(value)}. Declare it as json, which holds every value, or leave the document out with "filter"`,
      );
    }
    line[`c${index}`] = text;
  }
  return `${JSON.stringify(line)}\n`;
}
