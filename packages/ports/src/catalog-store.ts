/** DAG files, versions, bundles and import errors. */
import type { DagSpec } from '@headrace/core';

/** One DAG found in a file. */
export interface LoadedDag {
  readonly spec: DagSpec;
  /** SHA-256 over the canonical spec's text. */
  readonly graphHash: string;
}

export interface LoadedFile {
  /** Relative to the DAG folder, with `/`. */
  readonly file: string;
  readonly dags: readonly LoadedDag[];
  readonly bundle: { readonly hash: string; readonly code: string; readonly sourceMap?: string };
}

export interface ImportError {
  readonly file: string;
  /** 1-based, in the user's source. Absent when the error has no place (a timeout). */
  readonly line?: number;
  readonly column?: number;
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

export interface StoredImportError extends ImportError {
  readonly id: string;
  readonly at: number;
}

export interface CatalogStore {
  /**
   * Registers what a file holds: a version is added only for a DAG whose graph hash or bundle hash differs from its newest version's.
   * A DAG that was in this file and no longer is, is marked removed. Clears the file's import error.
   * A DAG id that another living file holds is refused with DuplicateDagError (nothing of the file is saved).
   */
  saveFile(file: LoadedFile): Promise<{ readonly newVersions: readonly string[]; readonly removed: readonly string[] }>;
  /** Records that a file could not be loaded; its DAGs stay as they are, at their last good version. */
  saveImportError(error: ImportError): Promise<void>;
  /** The file is gone: its DAGs are marked removed, its import error is cleared. */
  removeFile(file: string): Promise<void>;
  /** Files that have living DAGs or an import error. */
  files(): Promise<readonly string[]>;
  importErrors(): Promise<readonly StoredImportError[]>;
}

export class DuplicateDagError extends Error {
  readonly code = 'HR_DUPLICATE_DAG';
  readonly dagId: string;
  readonly otherFile: string;
  constructor(dagId: string, file: string, otherFile: string) {
    super(`DAG "${dagId}" in ${file} is already defined in ${otherFile}: give one of them another id`);
    this.name = 'DuplicateDagError';
    this.dagId = dagId;
    this.otherFile = otherFile;
  }
}
