/** A catalog in memory, with the one rule that the watcher depends on: a DAG lives in one file. */
import { type CatalogStore, DuplicateDagError, type ImportError, type LoadedFile } from '@headrace/ports';

export class MemoryCatalog implements CatalogStore {
  readonly loaded = new Map<string, LoadedFile>();
  readonly errors = new Map<string, ImportError>();
  /** Every write, in order: `save a.ts`, `error b.ts`, `remove c.ts`. */
  readonly writes: string[] = [];
  /** Set: every write is refused with it. */
  outage: Error | undefined;

  async saveFile(file: LoadedFile): Promise<{ readonly newVersions: readonly string[]; readonly removed: readonly string[] }> {
    this.#write('save', file.file);
    for (const { spec } of file.dags) {
      const holder = this.holder(spec.dagId);
      if (holder !== undefined && holder !== file.file) throw new DuplicateDagError(spec.dagId, file.file, holder);
    }
    this.loaded.set(file.file, file);
    this.errors.delete(file.file);
    return { newVersions: [], removed: [] };
  }

  async saveImportError(error: ImportError): Promise<void> {
    this.#write('error', error.file);
    this.errors.set(error.file, error);
  }

  async removeFile(file: string): Promise<void> {
    this.#write('remove', file);
    this.loaded.delete(file);
    this.errors.delete(file);
  }

  async files(): Promise<readonly string[]> {
    return [...new Set([...this.loaded.keys(), ...this.errors.keys()])];
  }

  async importErrors() {
    return [...this.errors.values()].map((error) => ({ ...error, id: error.file, at: 0 }));
  }

  /** The file that a DAG lives in. */
  holder(dagId: string): string | undefined {
    return [...this.loaded.values()].find((file) => file.dags.some((dag) => dag.spec.dagId === dagId))?.file;
  }

  dagIds(): readonly string[] {
    return [...this.loaded.values()].flatMap((file) => file.dags.map((dag) => dag.spec.dagId)).sort();
  }

  #write(what: string, file: string): void {
    if (this.outage !== undefined) throw this.outage;
    this.writes.push(`${what} ${file}`);
  }
}
