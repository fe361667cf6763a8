/**
 * Keeps the catalog in step with the DAG folder.
 *
 * 1. A look at the folder finds what differs from what was saved; the system's file events only say when to look.
 *    A look every so often repairs what they missed, and retries what could not be saved.
 * 2. One look at a time. A file that is slow to load is not waited for.
 * 3. What is gone is removed before what is new is saved, so that a DAG can move from file to file.
 */
import { type FSWatcher, watch } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { type CatalogStore, DuplicateDagError, type ImportError, type LoadedFile, type Log, type Metrics } from '@headrace/ports';
import { isDagFileName, listDagFiles } from './dag-files.ts';
import type { DagLoader } from './dag-loader.ts';

export interface WatchOptions {
  readonly loader: DagLoader;
  readonly catalog: CatalogStore;
  readonly dagsDir: string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called after every look that found something. */
  readonly onChange?: (change: DagChange) => void;
  /** Default 30 s. */
  readonly repairEveryMs?: number;
}

export interface DagChange {
  /** Files saved, with or without DAGs. */
  readonly loaded: readonly string[];
  readonly failed: readonly string[];
  readonly removed: readonly string[];
}

export interface DagWatch {
  /** The folder was looked at once, and everything but slow files is saved. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const REPAIR_EVERY_MS = 30_000;
/** Where the system cannot watch the folder. */
const POLL_EVERY_MS = 1500;
/** Editors write a file in several steps. */
const DEBOUNCE_MS = 100;
/** After a look that failed, for example because the store is away. */
const RETRY_MS = 2000;

/** Begins to watch. Rejects when the folder cannot be read. */
export async function watchDags(options: WatchOptions): Promise<DagWatch> {
  const dagsDir = await realpath(options.dagsDir);
  const sync = new CatalogSync(options, dagsDir);
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  let looking: Promise<void> | undefined;
  let again = false;

  const lookIn = (ms: number): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => void look(), ms);
  };
  /** Something changed. During a look it is perhaps too late for that look, so another follows. */
  const onEvent = (): void => {
    again = true;
    if (looking === undefined) lookIn(DEBOUNCE_MS);
  };
  const look = (): Promise<void> => {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const lookOnce = async (): Promise<void> => {
    again = false;
    let next = watcher === undefined ? POLL_EVERY_MS : (options.repairEveryMs ?? REPAIR_EVERY_MS);
    try {
      await sync.look();
    } catch (error) {
      options.log.error({ error }, 'the DAG folder could not be brought into the catalog; it is tried again');
      next = RETRY_MS;
    }
    lookIn(again ? DEBOUNCE_MS : next);
  };

  try {
    watcher = watch(dagsDir, { recursive: true }, (_event, name) => {
      if (name === null || isRelevant(name)) onEvent();
    });
    watcher.on('error', (error) => {
      options.log.warn({ error }, 'the DAG folder can no longer be watched; it is looked at every 1.5 s instead');
      watcher?.close();
      watcher = undefined;
      onEvent();
    });
  } catch (error) {
    options.log.warn({ error }, 'the DAG folder cannot be watched; it is looked at every 1.5 s instead');
  }
  return {
    ready: look(),
    async close() {
      closed = true;
      clearTimeout(timer);
      watcher?.close();
      sync.stop();
      await looking;
    },
  };
}

function isRelevant(name: string): boolean {
  return !name
    .replaceAll('\\', '/')
    .split('/')
    .some((part) => part === 'node_modules' || part === '.git' || part.endsWith('~') || part.endsWith('.swp'));
}

/** One folder and one catalog. */
class CatalogSync {
  readonly #options: WatchOptions;
  readonly #dagsDir: string;
  /** File → its import error as it is in the catalog, so that the same one is not saved again and again. */
  readonly #savedErrors = new Map<string, string>();
  /** Files refused because another file has their DAG: tried again whenever something changes. */
  readonly #refused = new Map<string, LoadedFile>();
  readonly #slow = new Set<string>();
  #slowWork: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: WatchOptions, dagsDir: string) {
    this.#options = options;
    this.#dagsDir = dagsDir;
  }

  /** Nothing is saved from now on; a slow file that is being loaded is not waited for. */
  stop(): void {
    this.#stopped = true;
  }

  /** Brings the catalog in step with the folder. Throws what the catalog throws, but for refused DAGs. */
  async look(): Promise<void> {
    const { loader, catalog } = this.#options;
    const change = { loaded: [] as string[], failed: [] as string[], removed: [] as string[] };
    const files = await listDagFiles(this.#dagsDir);
    const registered = new Set(await catalog.files());
    await this.#removeGone(files, registered, change.removed);
    const changed = (await loader.changed(files, registered)).filter((file) => !this.#slow.has(file));
    for (const file of changed) this.#refused.delete(file);
    for await (const outcome of loader.loadAll(changed)) {
      if (this.#stopped) return;
      if (outcome.kind === 'slow') this.#loadSlowly(outcome.file);
      else if (outcome.kind === 'loaded') await this.#save(outcome.file, registered, change);
      else await this.#saveError(outcome.error, change.failed);
    }
    if (change.loaded.length + change.removed.length > 0) await this.#retryRefused(registered, change);
    await loader.flush();
    this.#options.metrics.gauge('headrace_dag_files', files.length);
    this.#options.metrics.gauge('headrace_dag_files_looked_at_timestamp_seconds', Date.now() / 1_000);
    await this.#report(change);
  }

  async #removeGone(files: readonly string[], registered: ReadonlySet<string>, removed: string[]): Promise<void> {
    const present = new Set(files);
    for (const file of registered) {
      if (present.has(file) || !isDagFileName(file)) continue;
      await this.#options.catalog.removeFile(file);
      this.#options.loader.forget(file);
      this.#savedErrors.delete(file);
      this.#refused.delete(file);
      removed.push(file);
    }
  }

  async #save(file: LoadedFile, registered: ReadonlySet<string>, change: { loaded: string[]; failed: string[] }): Promise<void> {
    const { loader, catalog } = this.#options;
    try {
      if (file.dags.length > 0)
        this.#options.metrics.count('headrace_dag_versions_created_total', {}, (await catalog.saveFile(file)).newVersions.length);
      else if (registered.has(file.file)) await catalog.removeFile(file.file);
    } catch (error) {
      if (!(error instanceof DuplicateDagError)) throw error;
      this.#refused.set(file.file, file);
      await this.#saveError({ file: file.file, code: error.code, message: error.message }, change.failed);
      return;
    }
    this.#savedErrors.delete(file.file);
    loader.markSaved(file.file);
    change.loaded.push(file.file);
  }

  async #saveError(error: ImportError, failed: string[]): Promise<void> {
    const text = JSON.stringify(error);
    if (this.#savedErrors.get(error.file) !== text) {
      await this.#options.catalog.saveImportError(error);
      this.#savedErrors.set(error.file, text);
      failed.push(error.file);
      this.#options.log.warn({ ...error }, 'a DAG file cannot be loaded');
    }
    // A refused file stays unsaved: it is looked at again, from the cache.
    if (!this.#refused.has(error.file)) this.#options.loader.markSaved(error.file);
  }

  async #retryRefused(registered: ReadonlySet<string>, change: { loaded: string[]; failed: string[] }): Promise<void> {
    // A copy: one that is refused again is put back.
    for (const [name, file] of [...this.#refused]) {
      this.#refused.delete(name);
      await this.#save(file, registered, change);
    }
  }

  #loadSlowly(file: string): void {
    this.#slow.add(file);
    this.#slowWork = this.#slowWork.then(async () => {
      if (this.#stopped) return;
      const change = { loaded: [] as string[], failed: [] as string[], removed: [] };
      try {
        const outcome = await this.#options.loader.loadFile(file);
        if (this.#stopped) return;
        if ('dags' in outcome) await this.#save(outcome, new Set(await this.#options.catalog.files()), change);
        else await this.#saveError(outcome, change.failed);
        await this.#report(change);
      } catch (error) {
        // Unsaved: the next look finds it again.
        if (!this.#stopped) this.#options.log.error({ error, file }, 'a slow DAG file could not be brought into the catalog');
      } finally {
        this.#slow.delete(file);
      }
    });
  }

  async #report(change: DagChange): Promise<void> {
    const { catalog, log, metrics, onChange } = this.#options;
    if (change.loaded.length + change.failed.length + change.removed.length === 0) return;
    metrics.gauge('headrace_import_errors', (await catalog.importErrors()).length);
    log.info(
      { loaded: change.loaded.length, failed: change.failed.length, removed: change.removed.length },
      'DAG files were brought into the catalog',
    );
    onChange?.(change);
  }
}
