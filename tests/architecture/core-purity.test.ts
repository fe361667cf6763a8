import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { ROOT, sourceFiles } from './workspace.ts';

const CONFIG = join(ROOT, 'packages/core/tsconfig.json');
const { tsBuildInfoFile: _, ...options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(CONFIG, ts.sys.readFile).config,
  ts.sys,
  join(ROOT, 'packages/core'),
).options;

/** What the compiler says to a file of the core with this text. */
function compilerErrors(text: string): string[] {
  const path = join(ROOT, 'packages/core/src/snippet.ts');
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => file === path || fileExists(file);
  host.getSourceFile = (file, ...rest) =>
    file === path ? ts.createSourceFile(file, text, ts.ScriptTarget.ES2024) : getSourceFile(file, ...rest);
  const program = ts.createProgram([path], { ...options, composite: false, noEmit: true, incremental: false }, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** What the language itself has, and the compiler's `lib` cannot take away: the clock, the dice, and waiting. */
function impurities(text: string): string[] {
  const source = ts.createSourceFile('core.ts', text, ts.ScriptTarget.ES2024, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && (node.text === 'Date' || node.text === 'Promise' || node.text === 'globalThis')) found.push(node.text);
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random') found.push('Math.random');
    if (node.kind === ts.SyntaxKind.AsyncKeyword) found.push('async');
    if (ts.isAwaitExpression(node)) found.push('await');
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found.push('import()');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe('the core', () => {
  test('is compiled without the types of Node and of the browser', () => {
    expect(options.types).toEqual([]);
    expect(options.lib).toEqual(['lib.es2023.d.ts']);
    expect(compilerErrors('export const half = (whole: number): number => whole / 2;')).toEqual([]);
  });

  test.each([
    ['process', 'process.exit(1);'],
    ['fetch', "fetch('http://localhost');"],
    ['setTimeout', 'setTimeout(() => {}, 1);'],
    ['console', "console.log('x');"],
    ['performance', 'performance.now();'],
    ['crypto', 'crypto.randomUUID();'],
    ['Buffer', 'Buffer.alloc(1);'],
    ['require', "require('node:fs');"],
    ['node:fs', "import 'node:fs'; import { readFileSync } from 'node:fs'; readFileSync('x');"],
  ])('cannot name %s: it does not compile', (name, snippet) => {
    expect(compilerErrors(`${snippet} export {};`).join('\n')).toContain(name);
  });

  test.each([
    ['Date', 'export const now = Date.now();'],
    ['Date', 'export const then: Date | undefined = undefined;'],
    ['Math.random', 'export const dice = Math.random();'],
    ['async', 'export const later = async () => 1;'],
    ['await', 'export const x = await 1;'],
    ['Promise', 'export const p = Promise.resolve(1);'],
    ['globalThis', 'export const g = globalThis;'],
    ['import()', "export const m = import('./x.ts');"],
  ])('cannot hide %s', (name, snippet) => {
    expect(impurities(snippet)).toContain(name);
  });

  test('has no clock, no dice and nothing to wait for', () => {
    const files = sourceFiles('packages/core/src');
    expect(files.length).toBeGreaterThan(5);
    const found = files.map((file) => [file, impurities(readFileSync(join(ROOT, file), 'utf8'))] as const);
    expect(found.filter(([, impure]) => impure.length > 0)).toEqual([]);
  });
});
