/**
 * What differs in the code of two versions, file by file.
 *
 * The files are the originals where the source map holds them; else the parts of the bundle, which the bundler marks with the names of
 * the files they come from. What comes from packages is left out: a version of a package is not a change of the DAG.
 */
import type { StoredBundle } from '@headrace/ports';
import { createTwoFilesPatch } from 'diff';

export interface FileDiff {
  readonly file: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Unified. */
  readonly diff: string;
  readonly truncated: boolean;
}

type Code = Pick<StoredBundle, 'code' | 'sourceMap' | 'hash'>;

const LONGEST_DIFF = 200_000;
const CONTEXT_LINES = 3;
const FILE_MARK = /^\/\/ (\S+\.(?:[cm]?[jt]sx?|json))$/;

/** Sorted by file. */
export function diffCode(before: Code, after: Code): readonly FileDiff[] {
  if (before.hash === after.hash) return [];
  const [old, now] = bothOriginals(before, after) ?? [partsOf(before.code), partsOf(after.code)];
  const names = [...new Set([...old.keys(), ...now.keys()])].filter((name) => !name.includes('node_modules/')).sort();
  return names.flatMap((file) => {
    const [a, b] = [old.get(file), now.get(file)];
    if (a === b) return [];
    const diff = createTwoFilesPatch(`a/${file}`, `b/${file}`, a ?? '', b ?? '', undefined, undefined, { context: CONTEXT_LINES });
    const change = a === undefined ? 'added' : b === undefined ? 'removed' : 'changed';
    return [{ file, change, diff: diff.slice(0, LONGEST_DIFF), truncated: diff.length > LONGEST_DIFF }];
  });
}

type Files = ReadonlyMap<string, string>;

/** Only when both have them: an original and a part of a bundle differ in every line. */
function bothOriginals(before: Code, after: Code): readonly [Files, Files] | undefined {
  const [a, b] = [originalsOf(before.sourceMap), originalsOf(after.sourceMap)];
  return a === undefined || b === undefined ? undefined : [a, b];
}

function originalsOf(sourceMap: string | undefined): Files | undefined {
  if (sourceMap === undefined) return undefined;
  try {
    const { sources, sourcesContent } = JSON.parse(sourceMap) as { sources?: string[]; sourcesContent?: (string | null)[] };
    if (sources === undefined || sourcesContent === undefined || sources.length === 0) return undefined;
    const files = new Map(
      sources.flatMap((name, index) => (typeof sourcesContent[index] === 'string' ? [[name, sourcesContent[index]]] : [])),
    );
    return files.size === sources.length ? files : undefined;
  } catch {
    return undefined;
  }
}

/** What stands before the first mark is the bundler's own. */
function partsOf(code: string): Files {
  const parts = new Map<string, string[]>();
  let lines: string[] | undefined;
  for (const line of code.split('\n')) {
    const name = FILE_MARK.exec(line)?.[1];
    if (name === undefined) lines?.push(line);
    else {
      lines = parts.get(name) ?? [];
      parts.set(name, lines);
    }
  }
  return new Map([...parts].map(([name, content]) => [name, `${content.join('\n').trimEnd()}\n`]));
}
