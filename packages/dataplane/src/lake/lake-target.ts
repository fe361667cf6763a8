/** Writes lake tables: files first, then one snapshot that names them. */
import { type Column, dispositionName, type LakeResult, type RowCounts } from '@headrace/sdk';
import type { TargetConnector, Work, WriteRequest } from '../connector.ts';
import { checkedPath, type FileRoot, urlOf } from '../file-root.ts';
import { instantOf } from '../own-columns.ts';
import type { ParquetFile } from '../relation.ts';
import { keyedRows } from './keyed-rows.ts';
import { commitNext } from './lake-commit.ts';
import { lakeCursors } from './lake-cursors.ts';
import { lakeFacts } from './lake-facts.ts';
import { parquetFiles, partitionColumns, publishFiles, withoutPartitionColumns } from './lake-files.ts';
import { type LakeFile, type LakeSnapshot, newestSnapshot } from './lake-snapshot.ts';
import { openFiles } from './lake-source.ts';
import { applyChange, checkFence, holdsCursor, holdsLoad, type LakeChange } from './next-snapshot.ts';
import { partitionFiles, rewrite } from './rewrite.ts';

export const lakeTarget: TargetConnector = {
  dispositions: ['append', 'replace', 'replace-partition', 'merge', 'scd2'],
  ...lakeFacts,
  cursors: lakeCursors,

  async write(request, work): Promise<LakeResult> {
    const table = checkedPath(String(request.target.settings.name));
    const root = await work.root(request.target.connection);
    const change = {
      table,
      loadId: request.loadId,
      fence: work.fence,
      disposition: dispositionName(request.disposition),
      partition: request.partition,
      partitionColumns: partitionColumns(request.partition),
      ...(request.schema === undefined ? {} : { widen: request.schema.widen }),
      ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
    };
    const writing: Writing = { request, root, table, where: urlOf(root, table), change, work };
    // Known before the work, and again at the commit.
    checkFence(await newestSnapshot(root, table), { ...change, columns: [] }, writing.where);
    const { snapshot, columns, unchanged, files, counts } =
      typeof request.disposition === 'string' ? await writeSlice(writing) : await writeRewritten(writing);
    return {
      kind: 'lake',
      connection: request.target.connection,
      table,
      partition: request.partition,
      loadId: request.loadId,
      rows: counts.out,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      version: snapshot.version,
      unchanged,
      columns: [...columns, ...change.partitionColumns],
      counts,
      checks: request.rows.checks,
      ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
    };
  },
};

interface Writing {
  readonly request: WriteRequest;
  readonly root: FileRoot;
  readonly table: string;
  readonly where: string;
  readonly change: Omit<LakeChange, 'files' | 'columns'>;
  readonly work: Work;
}

interface Written {
  readonly snapshot: LakeSnapshot;
  readonly columns: readonly Column[];
  readonly unchanged: boolean;
  readonly files: readonly { readonly bytes: number }[];
  readonly counts: RowCounts;
}

/** Files that take the place of all, of a partition's, or of those of the same load. */
async function writeSlice(writing: Writing): Promise<Written> {
  const { request, root, table, where, work } = writing;
  const { counts } = request.rows;
  const rows = await withoutPartitionColumns(request, work, where);
  const change = { ...writing.change, columns: rows.columns };
  // Nothing to add is no file: a task that follows a cursor may find nothing new a hundred times a day.
  const files = (await parquetFiles(rows, work)).filter(({ rows: count }) => count > 0 || request.disposition !== 'append');
  const hashes = files.map((file) => file.sha256);
  const writtenAt = Date.now();
  let published: readonly LakeFile[] | undefined;
  work.log.debug('staged', { table, rows: counts.out });
  const before = await newestSnapshot(root, table);
  if (before && holdsCursor(before, change) && holdsLoad(before, change, hashes)) {
    await audit(writing, before);
    return { snapshot: before, columns: rows.columns, unchanged: true, files, counts };
  }
  const snapshot = await commitNext(root, table, Date.now, async (newest) => {
    published ??= await publishFiles(root, table, files, request, work);
    const after = applyChange(newest, { ...change, files: published, writtenAt }, where, Date.now());
    await audit(writing, after, published);
    return after;
  });
  return { snapshot, columns: rows.columns, unchanged: false, files, counts };
}

/** One file that takes the place of the partition's, made of their rows and the given ones: again, when another writer came first. */
async function writeRewritten(writing: Writing): Promise<Written> {
  const { request, root, table, where, work } = writing;
  const { context } = work;
  const relation = await withoutPartitionColumns(request, work, where);
  const disposition = request.disposition as Exclude<WriteRequest['disposition'], string>;
  const given = await keyedRows(relation, request.rows.counts, disposition, where, work);
  work.log.debug('staged', { table, rows: given.counts.out });
  const task = JSON.stringify([context.dagId, context.taskId, context.mapIndex]);
  const at = instantOf(context);
  const history = 'scd2' in disposition ? { asOf: at.getTime(), task } : undefined;
  const rewriting = { request, given: given.relation, partitionColumns: writing.change.partitionColumns, at, root, where, work };
  let tries = 0;
  let files: readonly ParquetFile[] = [];
  let held: LakeSnapshot | undefined;
  const snapshot = await commitNext(root, table, Date.now, async (newest) => {
    checkFence(newest, { ...writing.change, columns: [] }, where);
    const writtenAt = Date.now();
    const rewritten = await rewrite(newest, task, rewriting);
    // That a load of versions had nothing new to say is kept as well: what is said later of an earlier time would contradict it.
    const known = history === undefined || newest?.loads[request.loadId]?.asOf === history.asOf;
    if (newest && rewritten === undefined && known && holdsCursor(newest, { ...writing.change, columns: newest.columns })) {
      await audit(writing, newest);
      held = newest;
      return undefined;
    }
    files = rewritten ? [rewritten.file] : [];
    const published = rewritten ? await publishFiles(root, table, files, request, work, tries) : partitionFiles(newest, request.partition);
    tries += 1;
    const change: LakeChange = {
      ...writing.change,
      columns: rewritten?.columns ?? newest?.columns ?? [],
      replaces: partitionFiles(newest, request.partition).map(({ path }) => path),
      files: published,
      writtenAt,
      ...(history === undefined ? {} : { history }),
    };
    const after = applyChange(newest, change, where, Date.now());
    await audit(writing, after, rewritten ? published : []);
    return after;
  });
  const committed = snapshot ?? held;
  if (committed === undefined) throw new TypeError('A rewrite either commits or finds its rows in a snapshot');
  return { snapshot: committed, columns: committed.columns, unchanged: snapshot === undefined, files, counts: given.counts };
}

/** Shows the table of a snapshot that nobody sees yet to the request's audit. Files that are not published after all are removed. */
async function audit({ request, root, work }: Writing, snapshot: LakeSnapshot, files: readonly LakeFile[] = []): Promise<void> {
  work.log.debug('written', { table: snapshot.loadId });
  work.signal.throwIfAborted();
  if (request.audit === undefined) return;
  const { select, columns } = await openFiles(root, snapshot.files, snapshot.columns, work, snapshot.partitionColumns);
  try {
    await request.audit({ dialect: 'duckdb', sql: `(${select})`, columns, query: (sql) => work.duck.rows(sql) });
  } catch (error) {
    await Promise.allSettled(files.map(({ path }) => root.remove(path)));
    throw error;
  }
}
