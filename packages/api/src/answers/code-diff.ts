/** What differs in the code of two versions, file by file. A version of a package or of the SDK is not a change of the DAG. */
import type { StoredBundle } from '@headrace/ports';
import { createTwoFilesPatch } from 'diff';
import { type Code, originalsOf, partsOf, type SourceFiles } from './source-files.ts';

export interface FileDiff {
  readonly file: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Unified. */
  readonly diff: string;
  readonly truncated: boolean;
}

const LONGEST_DIFF = 200_000;
const CONTEXT_LINES = 3;

type Hashed = Pick<StoredBundle, 'hash'>;

/** Sorted by file. */
export function diffCode(before: Code & Hashed, after: Code & Hashed): readonly FileDiff[] {
  if (before.hash === after.hash) return [];
  const [old, now] = bothOriginals(before, after) ?? [partsOf(before), partsOf(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((file) => {
    const [a, b] = [old.get(file), now.get(file)];
    if (a === b) return [];
    const diff = createTwoFilesPatch(`a/${file}`, `b/${file}`, a ?? '', b ?? '', undefined, undefined, { context: CONTEXT_LINES });
    const change = a === undefined ? 'added' : b === undefined ? 'removed' : 'changed';
    return [{ file, change, diff: diff.slice(0, LONGEST_DIFF), truncated: diff.length > LONGEST_DIFF }];
  });
}

/** Only when both have them: an original and a part of a bundle differ in every line. */
function bothOriginals(before: Code, after: Code): readonly [SourceFiles, SourceFiles] | undefined {
  const [a, b] = [originalsOf(before), originalsOf(after)];
  return a === undefined || b === undefined ? undefined : [a, b];
}
