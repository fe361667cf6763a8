/** What each kind of file is opened with. */
import type { FileRoot, Relation, Work } from '@headrace/dataplane';
import type { Source } from '@headrace/sdk';

/** A file under a root that rows are read from. */
export interface SourceFile {
  readonly root: FileRoot;
  readonly path: string;
  /** For messages. */
  readonly url: string;
  /** Its place among the files that are read together, from 0: part of the names of what is made of it. */
  readonly index: number;
  readonly bytes: number;
  readonly changedAt: Date;
}

/** Rows of one file. The columns are those of `source.columns`, without the column of the file. */
export type OpenFile = (file: SourceFile, source: Source, work: Work) => Promise<Relation>;
