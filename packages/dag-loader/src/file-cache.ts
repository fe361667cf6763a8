/**
 * What files were loaded from and what came of it, kept across restarts.
 *
 * 1. An entry counts only while every file that went into its bundle has the content it had then.
 * 2. A file is read again only when its size or its time of change differs.
 * 3. Everything here can be deleted at any time: it costs a new load, nothing else.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImportError, LoadedDag } from '@headrace/ports';
import { version as esbuildVersion } from 'esbuild';
import { z } from 'zod';
import { BundleFolder, writeAtomically } from './bundle-folder.ts';
import { sha256 } from './canonical-json.ts';

/** Raised when the same sources would give another result. */
const CACHE_FORMAT = `3 esbuild ${esbuildVersion}`;

export type CachedOutcome =
  | { readonly kind: 'loaded'; readonly bundleHash: string; readonly dags: readonly LoadedDag[] }
  | { readonly kind: 'failed'; readonly error: ImportError };

export interface CachedFile {
  /** Absolute path → hash of its content. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly outcome: CachedOutcome;
  /** Whether the outcome was saved where it was to go. */
  saved: boolean;
  /** Whether this process loaded it. */
  readonly own: boolean;
}

interface Fingerprint {
  readonly size: number;
  readonly changedMs: number;
  readonly hash: string;
}

const indexSchema = z.object({
  format: z.literal(CACHE_FORMAT),
  dagsDir: z.string(),
  fingerprints: z.array(z.tuple([z.string(), z.number(), z.number(), z.string()])),
  files: z.array(
    z.object({ file: z.string(), inputs: z.array(z.tuple([z.number(), z.string()])), outcome: z.unknown(), saved: z.boolean() }),
  ),
});

/** How coarsely file systems tell time. */
const CLOCK_GRAIN_MS = 20;

/** One look at the disk: every path is asked about once. */
export type Look = Map<string, Promise<string | undefined>>;

export class FileCache {
  readonly #folder: string;
  readonly #dagsDir: string;
  readonly #files = new Map<string, CachedFile>();
  readonly #fingerprints = new Map<string, Fingerprint>();
  readonly bundles: BundleFolder;
  #dirty = false;

  constructor(folder: string, dagsDir: string) {
    this.#folder = folder;
    this.#dagsDir = dagsDir;
    this.bundles = new BundleFolder(join(folder, 'bundles'));
  }

  /** Reads what an earlier process left. Anything unexpected in it makes an empty cache. */
  async open(): Promise<void> {
    await this.bundles.open();
    const text = await readFile(this.#indexPath, 'utf8').catch(() => undefined);
    const index = indexSchema.safeParse(text === undefined ? undefined : parsed(text)).data;
    if (index === undefined || index.dagsDir !== this.#dagsDir) return;
    for (const [path, size, changedMs, hash] of index.fingerprints) this.#fingerprints.set(path, { size, changedMs, hash });
    for (const { file, inputs, outcome, saved } of index.files) {
      const named = inputs.map(([at, hash]) => [index.fingerprints[at]?.[0] ?? '', hash] as const);
      this.#files.set(file, { inputs: new Map(named), outcome: outcome as CachedOutcome, saved, own: false });
    }
  }

  /** The outcome of a file whose sources are what they were. */
  async get(file: string, look: Look): Promise<Readonly<CachedFile> | undefined> {
    const cached = this.#files.get(file);
    if (cached === undefined) return undefined;
    for (const [path, hash] of cached.inputs) if ((await this.#hash(path, look)) !== hash) return undefined;
    return cached;
  }

  /**
   * Remembers what came of a file. `readAt` is when its sources began to be read, `look` is later: what was changed in between
   * was perhaps not read, so it counts as changed.
   */
  async set(file: string, inputs: readonly string[], outcome: CachedOutcome, look: Look, readAt: number): Promise<void> {
    const hashes = await Promise.all(
      inputs.map(async (path) => {
        const hash = await this.#hash(path, look);
        const changedMs = this.#fingerprints.get(path)?.changedMs ?? Number.POSITIVE_INFINITY;
        return [path, hash === undefined || changedMs > readAt - CLOCK_GRAIN_MS ? '' : hash] as const;
      }),
    );
    this.#files.set(file, { inputs: new Map(hashes), outcome, saved: false, own: true });
    this.#dirty = true;
  }

  markSaved(file: string): void {
    const cached = this.#files.get(file);
    if (cached === undefined || cached.saved) return;
    cached.saved = true;
    this.#dirty = true;
  }

  forget(file: string): void {
    if (this.#files.delete(file)) this.#dirty = true;
  }

  /** Writes the index, if something changed, and removes bundles that no file has any more. */
  async flush(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    const used = new Set([...this.#files.values()].flatMap((file) => [...file.inputs.keys()]));
    for (const path of this.#fingerprints.keys()) if (!used.has(path)) this.#fingerprints.delete(path);
    const paths = [...this.#fingerprints];
    const position = new Map(paths.map(([path], index) => [path, index]));
    const index = {
      format: CACHE_FORMAT,
      dagsDir: this.#dagsDir,
      fingerprints: paths.map(([path, { size, changedMs, hash }]) => [path, size, changedMs, hash]),
      files: [...this.#files].map(([file, { inputs, outcome, saved }]) => ({
        file,
        inputs: [...inputs].flatMap(([path, hash]) => (position.has(path) ? [[position.get(path), hash]] : [])),
        outcome,
        saved,
      })),
    };
    await writeAtomically(this.#indexPath, JSON.stringify(index));
    await this.bundles.removeUnused(this.#usedBundles());
  }

  #usedBundles(): ReadonlySet<string> {
    return new Set([...this.#files.values()].flatMap(({ outcome }) => (outcome.kind === 'loaded' ? [outcome.bundleHash] : [])));
  }

  get #indexPath(): string {
    return join(this.#folder, 'index.json');
  }

  /** The content's hash; undefined for a file that is not there. */
  #hash(path: string, look: Look): Promise<string | undefined> {
    const known = look.get(path);
    if (known !== undefined) return known;
    const hash = this.#hashNow(path);
    look.set(path, hash);
    return hash;
  }

  async #hashNow(path: string): Promise<string | undefined> {
    try {
      // Nobody can set back the time of change, as they can the time of modification.
      const { size, ctimeMs: changedMs } = await stat(path);
      const known = this.#fingerprints.get(path);
      if (known !== undefined && known.size === size && known.changedMs === changedMs) return known.hash;
      const hash = sha256(await readFile(path, 'utf8'));
      this.#fingerprints.set(path, { size, changedMs, hash });
      this.#dirty = true;
      return hash;
    } catch {
      return undefined;
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
