/**
 * The blocks of code in the documents for users: README.md and docs/*.md.
 *
 * B1. Every fence names its language, but for pictures drawn with characters.
 * B2. A block that is not tried out has a comment before it that says why, and that no reader sees: `<!-- not run: … -->`.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/workspace.ts';

export interface Block {
  readonly document: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  /** '' for a picture. */
  readonly language: string;
  readonly code: string;
  /** Why it is not tried out. */
  readonly notRun?: string;
}

export const manuals: readonly string[] = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()];

/** Its code is a project of its own, which `tests/users` compiles and runs. */
export const PROJECT = 'docs/testing.md';

export function blocks(): readonly Block[] {
  return manuals.flatMap((document) => blocksOf(document, readFileSync(join(ROOT, document), 'utf8')));
}

const FENCE = /(?:^<!-- not run: ([^\n]+?) -->\n+)?^( *)```(\w*)\n([\s\S]*?)^\2```$/gm;

export function blocksOf(document: string, text: string): readonly Block[] {
  return [...text.matchAll(FENCE)].map(({ 0: whole, 1: notRun, 3: language = '', 4: code = '', index }) => ({
    document,
    line: text.slice(0, index + whole.indexOf('```')).split('\n').length + 1,
    language,
    code,
    ...(notRun === undefined ? {} : { notRun }),
  }));
}

export const placeOf = ({ document, line }: Block): string => `${document}:${line}`;
