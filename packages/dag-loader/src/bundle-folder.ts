/**
 * Bundles on disk, for the evaluation child to import and for loads to come.
 *
 * 1. A bundle lies under its hash and is checked against it: what was changed is not there.
 * 2. It is written whole or not at all.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './canonical-json.ts';

export interface BundleFile {
  readonly hash: string;
  readonly code: string;
  readonly sourceMap: string;
}

/** A bundle so young may be in the hands of an evaluation, though no file has it yet. */
const YOUNG_MS = 5 * 60_000;

export class BundleFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
  }

  path(hash: string): string {
    return join(this.#folder, `${hash}.mjs`);
  }

  /** Answers with its path. */
  async put(bundle: BundleFile): Promise<string> {
    const path = this.path(bundle.hash);
    // The code last: where it is, its map is.
    await writeAtomically(`${path}.map`, bundle.sourceMap);
    await writeAtomically(path, bundle.code);
    return path;
  }

  /** Undefined when it is gone or was changed. */
  async get(hash: string): Promise<BundleFile | undefined> {
    const path = this.path(hash);
    const [code, sourceMap] = await Promise.all([path, `${path}.map`].map((name) => readFile(name, 'utf8').catch(() => undefined)));
    return code === undefined || sourceMap === undefined || sha256(code) !== hash ? undefined : { hash, code, sourceMap };
  }

  /** Removes what is neither used nor young. */
  async removeUnused(used: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (used.has(name.slice(0, 64))) continue;
      const path = join(this.#folder, name);
      const changedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
      if (changedMs < Date.now() - YOUNG_MS) await rm(path, { force: true });
    }
  }
}

let writes = 0;

export async function writeAtomically(path: string, text: string): Promise<void> {
  writes += 1;
  const temporary = `${path}.${process.pid}.${writes}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
