/** Positions in a bundle → positions in the sources that a person wrote. */
import { SourceMap, type SourceMapPayload } from 'node:module';
import type { SourcePosition } from '@headrace/core';

/** A place in the bundle's code, both 1-based, as in a stack. */
export type BundlePosition = readonly [line: number, column: number];

export class SourcePositions {
  readonly #map: SourceMap;

  constructor(sourceMap: string) {
    const payload = JSON.parse(sourceMap) as SourceMapPayload;
    // Node prepends nothing, and needs the two fields that we leave out.
    this.#map = new SourceMap({ ...payload, file: '', sourceRoot: '' });
  }

  /** Undefined for code that has no source of its own: packages, generated code. */
  original([line, column]: BundlePosition): SourcePosition | undefined {
    const entry = this.#map.findEntry(line - 1, column - 1);
    if (!('originalSource' in entry) || entry.originalSource === undefined) return undefined;
    return { file: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  }

  /** The innermost position in a file of the DAG folder. */
  innermostOwn(positions: readonly BundlePosition[]): SourcePosition | undefined {
    for (const position of positions) {
      const source = this.original(position);
      if (source !== undefined && isUserSource(source.file)) return source;
    }
    return undefined;
  }

  /** A stack with the bundle's positions replaced; frames outside of the bundle are left out. */
  stack(text: string): string {
    const lines = text.split('\n').flatMap((line) => {
      const position = positionInBundle(line);
      if (position === undefined) return /^\s+at /.test(line) ? [] : [line];
      const source = this.original(position);
      return source === undefined || !isUserSource(source.file)
        ? []
        : [line.replace(BUNDLE_POSITION, `${source.file}:${source.line}:${source.column}`)];
    });
    return lines.join('\n');
  }
}

/** By a source's name in a bundle: it is neither a package's nor ours. */
export function isUserSource(file: string): boolean {
  return file !== '' && !file.includes('node_modules/') && !file.startsWith('@headrace/');
}

/** How a frame names the bundle: a file called by its hash. */
const BUNDLE_POSITION = /file:\/\/[^\s()]*?[0-9a-f]{64}\.mjs(?:\?[^\s():]*)?:(\d+):(\d+)/;

function positionInBundle(line: string): BundlePosition | undefined {
  const match = BUNDLE_POSITION.exec(line);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

/** The places of a stack that lie in a bundle, innermost first. */
export function positionsInBundle(stack: string): BundlePosition[] {
  return stack.split('\n').flatMap((line) => {
    const position = positionInBundle(line);
    return position === undefined ? [] : [position];
  });
}
