/**
 * The files of a version's code, as its bundle keeps them: the originals, where its source map holds them, else the parts of the bundle
 * itself, which the bundler marks with the names of the files they come from. Only what users wrote: packages and the SDK are left out.
 */
import type { StoredBundle } from '@headrace/ports';

export type Code = Pick<StoredBundle, 'code' | 'sourceMap'>;
/** By the file's path in the DAG folder. */
export type SourceFiles = ReadonlyMap<string, string>;

const FILE_MARK = /^\/\/ (\S+\.(?:[cm]?[jt]sx?|json))$/;

/** Undefined: none is kept. */
export function originalsOf({ sourceMap }: Pick<Code, 'sourceMap'>): SourceFiles | undefined {
  if (sourceMap === undefined) return undefined;
  try {
    const { sources = [], sourcesContent = [] } = JSON.parse(sourceMap) as { sources?: string[]; sourcesContent?: (string | null)[] };
    const files = new Map<string, string>();
    for (const [index, name] of sources.entries()) {
      const text = sourcesContent[index];
      if (typeof text === 'string' && isUsers(name)) files.set(name, text);
    }
    return files.size === 0 ? undefined : files;
  } catch {
    return undefined;
  }
}

/** What stands before the first mark is the bundler's own. */
export function partsOf({ code }: Pick<Code, 'code'>): SourceFiles {
  const parts = new Map<string, string[]>();
  let lines: string[] | undefined;
  for (const line of code.split('\n')) {
    const name = FILE_MARK.exec(line)?.[1];
    if (name === undefined) lines?.push(line);
    else {
      lines = parts.get(name) ?? [];
      if (isUsers(name)) parts.set(name, lines);
    }
  }
  return new Map([...parts].map(([name, content]) => [name, `${content.join('\n').trimEnd()}\n`]));
}

function isUsers(name: string): boolean {
  return !name.includes('node_modules/') && !name.startsWith('@headrace/');
}
