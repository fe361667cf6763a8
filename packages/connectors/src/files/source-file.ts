/** What each kind of file is opened with. */
import type { Relation, Work } from '@headrace/dataplane';
import type { Source } from '@headrace/sdk';

/** A source file, brought to the local disk and unpacked. */
export interface SourceFile {
  readonly file: string;
  /** For messages. */
  readonly url: string;
}

export type OpenFile = (file: SourceFile, source: Source, work: Work) => Promise<Relation>;
