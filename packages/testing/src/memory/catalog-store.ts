/** DAG files, their versions, and what is wrong with them. */
import {
  type CatalogStore,
  DuplicateDagError,
  type ImportError,
  type LoadedDag,
  type LoadedFile,
  type StoredImportError,
} from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { saveAssets } from './save-assets.ts';

export function createCatalogStore(db: MemoryDatabase): CatalogStore {
  return {
    saveFile: async (file) => db.transaction(() => saveFile(db, file)),
    saveImportError: async (error) => db.transaction(() => saveImportError(db, error)),
    removeFile: async (file) =>
      db.transaction(() => {
        markRemoved(db, file, []);
        db.importErrors.delete(file);
      }),
    files: async () => {
      const files = new Set<string>();
      for (const error of db.importErrors.rows()) files.add(error.file);
      for (const dag of db.dags.rows()) if (dag.removedAt === undefined) files.add(dag.file);
      return [...files].sort();
    },
    importErrors: async () => [...db.importErrors.rows()].map(present).sort((a, b) => (a.file < b.file ? -1 : 1)),
  };
}

function present({ line, column, stack, ...row }: ReturnType<MemoryDatabase['importErrors']['require']>): StoredImportError {
  return {
    ...row,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(stack === undefined ? {} : { stack }),
  };
}

function saveImportError(db: MemoryDatabase, { file, line, column, code, message, stack }: ImportError): void {
  const id = db.importErrors.get(file)?.id ?? db.nextId('import_error');
  db.importErrors.put(file, { id, file, line, column, code, message, stack, at: db.now() });
}

/** All of the file or nothing; a version is added only for a DAG whose graph or bundle differs from its newest version. */
function saveFile(
  db: MemoryDatabase,
  loaded: LoadedFile,
): { readonly newVersions: readonly string[]; readonly removed: readonly string[] } {
  const { file, dags, bundle } = loaded;
  const dagIds = dags.map((dag) => dag.spec.dagId);
  refuseDuplicates(db, file, dagIds);
  if (db.bundles.get(bundle.hash) === undefined) {
    db.bundles.insert(bundle.hash, { hash: bundle.hash, code: bundle.code, sourceMap: bundle.sourceMap });
  }
  const newVersions = dags.flatMap((dag) => (saveDag(db, loaded, dag) ? [dag.spec.dagId] : []));
  const removed = markRemoved(db, file, dagIds);
  db.importErrors.delete(file);
  return { newVersions, removed };
}

function refuseDuplicates(db: MemoryDatabase, file: string, dagIds: readonly string[]): void {
  const twice = dagIds.find((dagId, index) => dagIds.indexOf(dagId) !== index);
  if (twice !== undefined) throw new DuplicateDagError(twice, file, file);
  for (const dagId of [...dagIds].sort()) {
    const other = db.dags.get(dagId);
    if (other !== undefined && other.file !== file && other.removedAt === undefined) throw new DuplicateDagError(dagId, file, other.file);
  }
}

/** Whether it is a new version. */
function saveDag(db: MemoryDatabase, { file, bundle }: LoadedFile, { spec, graphHash }: LoadedDag): boolean {
  const { dagId, tags, maxActiveRuns, maxActiveTasks } = spec;
  const now = db.now();
  const before = db.dags.get(dagId);
  const wasRemoved = before !== undefined && before.removedAt !== undefined;
  const limits = { file, tags, maxActiveRuns, maxActiveTasks, removedAt: undefined, lastParsedAt: now };
  if (before === undefined) {
    const history = { versionId: undefined, scheduledUpTo: undefined, nextDueAt: undefined, firstSeenAt: now, activeSince: now };
    db.dags.insert(dagId, { dagId, paused: spec.pausedUponCreation, ...limits, ...history });
  } else db.dags.change(dagId, { ...limits, ...(wasRemoved ? { nextDueAt: now } : {}) });
  const isNew = addVersion(db, file, spec, graphHash, bundle.hash);
  if (isNew || wasRemoved) db.tell([{ type: 'dag', dagId }]);
  return isNew;
}

function addVersion(db: MemoryDatabase, file: string, spec: LoadedDag['spec'], graphHash: string, bundleHash: string): boolean {
  const { dagId } = spec;
  const newest = [...db.versionsOfDag.get(dagId)].at(-1);
  if (newest?.graphHash === graphHash && newest.bundleHash === bundleHash) return false;
  const versionId = db.nextId('dag_version');
  const number = (newest?.number ?? 0) + 1;
  db.versions.insert(versionId, { versionId, dagId, number, file, graphHash, bundleHash, spec, createdAt: db.now() });
  db.dags.change(dagId, { versionId, nextDueAt: db.now() });
  saveAssets(db, spec);
  return true;
}

/** Marks the file's DAGs removed, but these. */
function markRemoved(db: MemoryDatabase, file: string, except: readonly string[]): readonly string[] {
  const gone = [...db.dags.rows()].filter((dag) => dag.file === file && dag.removedAt === undefined && !except.includes(dag.dagId));
  for (const { dagId } of gone) {
    db.dags.change(dagId, { removedAt: db.now(), nextDueAt: undefined });
    db.tell([{ type: 'dag', dagId }]);
  }
  return gone.map((dag) => dag.dagId);
}
