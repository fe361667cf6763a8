/**
 * Reads files of any kind it knows, from any root: one, or all that match a glob, as one source.
 *
 * All files must have the same columns, by name: what the order is in each does not matter.
 */
import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import {
  DataError,
  FileNotFoundError,
  type FileRoot,
  ident,
  literal,
  parquetRelation,
  type Relation,
  type SourceConnector,
  urlOf,
} from '@headrace/dataplane';
import type { Source } from '@headrace/sdk';
import { chooseFiles } from './chosen-files.ts';
import { openCsv } from './csv-source.ts';
import { openExcel } from './excel-source.ts';
import { openJson } from './json-source.ts';
import { openParquet } from './parquet-source.ts';
import type { OpenFile } from './source-file.ts';
import { openXml } from './xml-source.ts';

const KINDS: Readonly<Record<string, OpenFile>> = {
  csv: openCsv,
  json: openJson,
  ndjson: openJson,
  xml: openXml,
  parquet: openParquet,
  excel: openExcel,
};
const SETTLE_MS = 5000;

interface OpenedFile {
  readonly path: string;
  readonly url: string;
  readonly relation: Relation;
}

export const filesSource: SourceConnector = {
  async open(source, work, options = {}) {
    const open = KINDS[source.kind];
    if (!open) throw new DataError('HR_FILE_KIND', `Files cannot be read as "${source.kind}"; use ${Object.keys(KINDS).join(', ')}`);
    const { name, onlyNew, settle, fileColumn } = source.settings;
    const root = await work.root(source.connection);
    const choice = { name: String(name), onlyNew: onlyNew === true, settleMs: Number(settle ?? SETTLE_MS) };
    const { files, position, unsettled } = await chooseFiles(root, choice, options.position, Date.now());
    if (unsettled.length > 0)
      work.log.info(`left for the next run, because they were changed just now: ${unsettled.join(', ')}`, { files: unsettled });
    if (onlyNew === true) work.log.info(`${files.length} new files`, { files: files.slice(0, 100).map(({ path }) => path) });
    const place = withoutFileColumn(source, fileColumn);
    const opened: OpenedFile[] = [];
    for (const [index, { path, bytes, changedAt }] of files.entries()) {
      work.signal.throwIfAborted();
      const url = urlOf(root, path);
      await assertInside(root, path, url);
      opened.push({ path, url, relation: await open({ root, path, url, index, bytes, changedAt }, place, work) });
    }
    const relation =
      opened.length === 0 ? noRows(place, choice.name) : together(opened, fileColumn === undefined ? undefined : String(fileColumn));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { ...relation, expected: { bytes }, ...(position === undefined ? {} : { position: async () => position }) };
  },
};

/** A link may lead to another place of the root, not out of it: who may put files there must not choose what else is read. */
async function assertInside(root: FileRoot, path: string, url: string): Promise<void> {
  const local = root.localPath(path);
  if (local === undefined) return;
  try {
    const [folder, file] = await Promise.all([realpath(local.slice(0, -path.length)), realpath(local)]);
    if (file.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new FileNotFoundError(url, [], path);
    throw error;
  }
  throw new DataError(
    'HR_FILE_OUTSIDE',
    `${url} is a link that leads out of the root of its connection: copy the file, or give its place a connection of its own`,
  );
}

/** The columns that are in the files themselves. */
function withoutFileColumn(source: Source, fileColumn: unknown): Source {
  if (fileColumn === undefined || source.columns === undefined) return source;
  const columns = Object.entries(source.columns).filter(([name]) => name !== fileColumn);
  return { ...source, columns: Object.fromEntries(columns) };
}

function noRows({ columns }: Source, name: string): Relation {
  if (!columns)
    throw new DataError(
      'HR_NO_FILES',
      `There is no new file "${name}", so the columns are not known: declare "columns", and a run without new files brings no rows`,
    );
  return parquetRelation(
    [],
    Object.entries(columns).map(([column, type]) => ({ name: column, type })),
  );
}

function together(opened: readonly OpenedFile[], fileColumn: string | undefined): Relation {
  const [first] = opened;
  if (first === undefined) throw new TypeError('There is no file');
  if (opened.length === 1 && fileColumn === undefined) return first.relation;
  const { columns } = first.relation;
  for (const { url, relation } of opened) {
    const difference = differenceOf(columns, relation.columns);
    if (difference !== undefined)
      throw new DataError(
        'HR_FILES_DIFFER',
        `${url} ${difference}, unlike ${first.url}: files that are read together have the same columns. Declare the columns, or read the files apart`,
      );
  }
  if (fileColumn !== undefined && columns.some(({ name }) => name === fileColumn))
    throw new DataError('HR_COLUMN_TWICE', `${first.url} has a column "${fileColumn}" itself: name the column of the file otherwise`);
  const names = columns.map(({ name }) => ident(name)).join(', ');
  const select = opened.map(({ path, relation }) => {
    const file = fileColumn === undefined ? '' : `, ${literal(path)} as ${ident(fileColumn)}`;
    return `(select ${names}${file} from (${relation.select}))`;
  });
  const refused = opened.flatMap(({ path, relation }) =>
    // Lines of several files are no line of the whole: the place is said in the reason.
    relation.refused === undefined
      ? []
      : [
          `select ${opened.length === 1 ? 'line' : 'null::bigint as line'}, "column", concat(${literal(path)}, coalesce(':' || line, ''), ': ', reason) as reason, raw from (${relation.refused})`,
        ],
  );
  const feeds = opened.flatMap(({ relation }) => (relation.feed ? [relation.feed] : []));
  return {
    select: select.join(' union all '),
    columns: fileColumn === undefined ? columns : [...columns, { name: fileColumn, type: 'text' }],
    ...(refused.length === 0 ? {} : { refused: refused.join(' union all ') }),
    ...(feeds.length === 0 ? {} : { feed: (start) => feeds.reduceRight<typeof start>((inner, feed) => () => feed(inner), start)() }),
    explain: (error) => explainAny(error, opened),
  };
}

function differenceOf(expected: Relation['columns'], found: Relation['columns']): string | undefined {
  const types = new Map(found.map(({ name, type }) => [name, type]));
  for (const { name, type } of expected) {
    if (!types.has(name)) return `has no column "${name}"`;
    if (types.get(name) !== type) return `has the column "${name}" as ${types.get(name)} and not as ${type}`;
  }
  const known = new Set(expected.map(({ name }) => name));
  const more = found.find(({ name }) => !known.has(name));
  return more === undefined ? undefined : `has a column "${more.name}"`;
}

/** Which of the files it was is found out by asking each of them in turn. */
async function explainAny(error: unknown, opened: readonly OpenedFile[]): Promise<unknown> {
  for (const { relation } of opened) {
    const explained = await relation.explain?.(error);
    if (explained instanceof DataError) return explained;
  }
  return error;
}
