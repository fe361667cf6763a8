/**
 * DAG files → canonical graphs and bundles.
 *
 * 1. A broken file is an outcome, not an exception: it never keeps another file from being loaded.
 * 2. A file whose sources are unchanged costs no bundle and no evaluation.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImportError, LoadedFile, Log, Metrics } from '@headrace/ports';
import { type Bundle, type BundleOutcome, bundleFiles } from './bundle.ts';
import { ParamsChecker, type ParamsQuestion, type ParamsVerdict } from './check-params.ts';
import { DEFAULT_LIMITS, type EvaluationLimits } from './evaluation-process.ts';
import { Evaluator } from './evaluator.ts';
import { type CachedFile, type CachedOutcome, FileCache, type Look } from './file-cache.ts';
import { judgeAnswer, type LoadOutcome } from './judge-answer.ts';

export interface DagLoaderOptions {
  readonly dagsDir: string;
  /** For bundles and what was loaded from what. Survives restarts; may be deleted. One loader a folder. */
  readonly cacheDir: string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Default: 10 s, 512 MB, 1 MB. */
  readonly limits?: Partial<EvaluationLimits>;
}

/** The file needs longer than the others should wait. `loadFile` gives it its full time. */
export interface SlowFile {
  readonly kind: 'slow';
  readonly file: string;
}

export interface DagLoader {
  /** One file, by its path relative to the DAG folder, with `/`. A file that defines no DAG is loaded with none. */
  loadFile(file: string): Promise<LoadedFile | ImportError>;
  /** Many files, bundled in few calls. Each outcome is handed out as soon as it is known; nobody waits long for a slow file. */
  loadAll(files: readonly string[]): AsyncIterable<LoadOutcome | SlowFile>;
  /** Those of the files whose outcome differs from the one that was last saved, or may. `registered`: files that the catalog knows. */
  changed(files: readonly string[], registered: ReadonlySet<string>): Promise<readonly string[]>;
  /** The outcome of the file's newest load is in the catalog. */
  markSaved(file: string): void;
  /** The file is gone. */
  forget(file: string): void;
  /** Writes down what was loaded, for the next process. */
  flush(): Promise<void>;
  /** Checks params by the DAG's own schema, in an evaluation child. Needs no DAG folder. Throws ParamsCheckError when the bundle cannot be asked. */
  validateParams(question: ParamsQuestion): Promise<ParamsVerdict>;
  close(): Promise<void>;
}

/** Files in one call of esbuild: enough to share what they have in common, few enough for its memory. */
const BATCH = 64;
/** How long a file is waited for while others are in line behind it. */
const PATIENCE_MS = 1500;
/** Whether the file's mistake may be mended elsewhere: its bundle does not tell by which files. */
const MENDED_ANYWHERE: ReadonlySet<string> = new Set(['HR_DAG_SYNTAX', 'HR_DAG_UNRESOLVED_IMPORT']);
/** What may be otherwise in another process, though the sources are the same. */
const TRANSIENT: ReadonlySet<string> = new Set(['HR_DAG_TIMEOUT', 'HR_DAG_MEMORY']);

export function createDagLoader(options: DagLoaderOptions): DagLoader {
  const { cacheDir, log, metrics } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const checker = new ParamsChecker(cacheDir, limits, log);
  let opened: Promise<Opened> | undefined;
  const open = (): Promise<Opened> => {
    opened ??= openLoader(options.dagsDir, cacheDir, limits, log);
    return opened;
  };

  async function* loadAll(files: readonly string[]): AsyncGenerator<LoadOutcome | SlowFile> {
    const loader = await open();
    const look: Look = new Map();
    const missing: string[] = [];
    for (const file of files) {
      const cached = await fromCache(loader, file, look);
      if (cached === undefined) missing.push(file);
      else yield cached;
    }
    let next = bundleBatch(loader, missing.slice(0, BATCH));
    for (let at = 0; at < missing.length; at += BATCH) {
      const batch = await next;
      // The next batch is bundled while this one is evaluated.
      next = bundleBatch(loader, missing.slice(at + BATCH, at + 2 * BATCH));
      for (const [file, bundled] of batch.outcomes) {
        yield await evaluateAndRemember(loader, loader.evaluator, file, bundled, batch, Math.min(PATIENCE_MS, limits.timeoutMs));
      }
    }
  }

  async function loadFile(file: string): Promise<LoadedFile | ImportError> {
    const loader = await open();
    let outcome: LoadOutcome | SlowFile | undefined = await fromCache(loader, file, new Map());
    if (outcome === undefined) {
      const batch = await bundleBatch(loader, [file]);
      const bundled = batch.outcomes.get(file);
      if (bundled === undefined) throw new Error(`The bundler did not answer for ${file}`);
      outcome = await evaluateAndRemember(loader, loader.patientEvaluator, file, bundled, batch, limits.timeoutMs);
    }
    if (outcome.kind === 'slow') return { file, code: 'HR_DAG_TIMEOUT', message: 'The file was not loaded in time' };
    return outcome.kind === 'loaded' ? outcome.file : outcome.error;
  }

  async function bundleBatch(loader: Opened, files: readonly string[]): Promise<BundledBatch> {
    const batch = { readAt: Date.now(), look: new Map(), secondsEach: 0 };
    if (files.length === 0) return { ...batch, outcomes: new Map() };
    const outcomes = await bundleFiles(loader.dagsDir, files);
    return { ...batch, outcomes, secondsEach: (Date.now() - batch.readAt) / 1000 / files.length };
  }

  async function evaluateAndRemember(
    loader: Opened,
    evaluator: Evaluator,
    file: string,
    bundled: BundleOutcome,
    batch: BundledBatch,
    timeoutMs: number,
  ): Promise<LoadOutcome | SlowFile> {
    const began = performance.now();
    const parsed = (as: 'loaded' | 'failed'): void =>
      metrics.observe('headrace_dag_parse_seconds', batch.secondsEach + (performance.now() - began) / 1000, { outcome: as });
    if (bundled.kind === 'failed') {
      parsed('failed');
      await loader.cache.set(file, [join(loader.dagsDir, file)], bundled, batch.look, batch.readAt);
      return bundled;
    }
    const outcome = await evaluate(loader, evaluator, file, bundled.bundle, timeoutMs);
    if (outcome.kind === 'failed' && outcome.error.code === 'HR_DAG_TIMEOUT' && timeoutMs < limits.timeoutMs) return { kind: 'slow', file };
    parsed(outcome.kind);
    const cached: CachedOutcome =
      outcome.kind === 'failed' ? outcome : { kind: 'loaded', bundleHash: outcome.file.bundle.hash, dags: outcome.file.dags };
    await loader.cache.set(file, bundled.bundle.inputs, cached, batch.look, batch.readAt);
    return outcome;
  }

  async function evaluate(loader: Opened, evaluator: Evaluator, file: string, bundle: Bundle, timeoutMs: number): Promise<LoadOutcome> {
    const path = await loader.cache.bundles.put(bundle);
    if (!bundle.usesSdk) return { kind: 'loaded', file: { file, dags: [], bundle: contentOf(bundle) } };
    const outcome = judgeAnswer(file, bundle, await evaluator.ask({ kind: 'evaluate', bundle: path }, timeoutMs));
    // Tree shaking leaves `dag` only in a file that uses it.
    if (outcome.kind === 'loaded' && outcome.file.dags.length === 0 && /\bdag\s*\(/.test(bundle.code)) {
      log.warn(
        { file },
        'the file makes a DAG and exports none: write `export default dag(…)`, or begin its name with `_` if it only helps others',
      );
    }
    return outcome;
  }

  return {
    loadAll,
    loadFile,
    async changed(files, registered) {
      const { cache } = await open();
      const look: Look = new Map();
      const result: string[] = [];
      for (const file of files) {
        const cached = await cache.get(file, look);
        if (cached === undefined || !cached.saved || isStale(cached)) result.push(file);
        else if (!registered.has(file) && (cached.outcome.kind === 'failed' || cached.outcome.dags.length > 0)) result.push(file);
      }
      return result;
    },
    markSaved(file) {
      void opened?.then(({ cache }) => cache.markSaved(file));
    },
    forget(file) {
      void opened?.then(({ cache }) => cache.forget(file));
    },
    async flush() {
      await (await open()).cache.flush();
    },
    validateParams: (question) => checker.check(question),
    async close() {
      await checker.close();
      const loader = await opened?.catch(() => undefined);
      if (loader === undefined) return;
      const { cache, evaluator, patientEvaluator } = loader;
      await Promise.all([evaluator.close(), patientEvaluator.close()]);
      await cache.flush();
    },
  };
}

interface BundledBatch {
  readonly readAt: number;
  readonly look: Look;
  readonly outcomes: ReadonlyMap<string, BundleOutcome>;
  /** Each file's share of the time that bundling took. */
  readonly secondsEach: number;
}

interface Opened {
  /** Without symbolic links, as esbuild reports paths. */
  readonly dagsDir: string;
  readonly cache: FileCache;
  readonly evaluator: Evaluator;
  /** For files that are slow, so that no other waits behind them. */
  readonly patientEvaluator: Evaluator;
}

async function openLoader(folder: string, cacheDir: string, limits: EvaluationLimits, log: Log): Promise<Opened> {
  const dagsDir = await realpath(folder);
  const cache = new FileCache(cacheDir, dagsDir);
  await cache.open();
  const evaluator = () => new Evaluator(dagsDir, limits, log);
  return { dagsDir, cache, evaluator: evaluator(), patientEvaluator: evaluator() };
}

async function fromCache(loader: Opened, file: string, look: Look): Promise<LoadOutcome | undefined> {
  const cached = await loader.cache.get(file, look);
  if (cached === undefined || isStale(cached)) return undefined;
  const { outcome } = cached;
  if (outcome.kind === 'failed') return outcome;
  const bundle = await loader.cache.bundles.get(outcome.bundleHash);
  return bundle === undefined ? undefined : { kind: 'loaded', file: { file, dags: outcome.dags, bundle } };
}

/** Whether the outcome may be another now, though the file's sources are the same. */
function isStale({ outcome, own }: CachedFile): boolean {
  if (outcome.kind === 'loaded') return false;
  return MENDED_ANYWHERE.has(outcome.error.code) || (TRANSIENT.has(outcome.error.code) && !own);
}

function contentOf({ hash, code, sourceMap }: Bundle): LoadedFile['bundle'] {
  return { hash, code, sourceMap };
}
