import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { createProgram, runProgram } from '../../apps/cli/src/program.ts';
import { ROOT, readJson } from './workspace.ts';

const documents = globSync(['*.md', 'docs/**/*.md', 'dags/*.md'], { cwd: ROOT }).sort();
/** Its code is a project of its own, which `tests/users` compiles and runs. */
const PROJECT = 'docs/testing.md';
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Code blocks that begin with the path of the file they are from. */
const QUOTED = /```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)```/g;

/** Documents that are for users: their code is meant to be copied. */
const manuals = documents.filter((document) => document === 'README.md' || /^docs\/[^/]+\.md$/.test(document));

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts'],
  types: ['node'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noUnusedLocals: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
};

/** Blocks of TypeScript that import ours, as files next to the DAGs: name → text. */
function typescriptBlocks(): ReadonlyMap<string, string> {
  const blocks = manuals
    .filter((document) => document !== PROJECT)
    .flatMap((document) =>
      [...read(document).matchAll(/```ts\n([\s\S]*?)```/g)]
        .map(([, code]) => code as string)
        .filter((code) => code.includes("from '@headrace/"))
        .map((code, index) => [join(ROOT, 'dags', `${document.replaceAll(/\W/g, '-')}-${index + 1}.ts`), code] as const),
    );
  return new Map(blocks);
}

/** What the compiler says, `file: line: message`. All in one program: starting the compiler is what takes time. */
function compilerErrors(blocks: ReadonlyMap<string, string>): readonly string[] {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => blocks.has(file) || fileExists(file);
  host.getSourceFile = (file, language, ...rest) => {
    const code = blocks.get(file);
    return code === undefined ? getSourceFile(file, language, ...rest) : ts.createSourceFile(file, code, language);
  };
  const program = ts.createProgram([...blocks.keys()], OPTIONS, host);
  return program
    .getSourceFiles()
    .filter(({ fileName }) => blocks.has(fileName))
    .flatMap((source) => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])
    .map(({ file, start = 0, messageText }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${file?.fileName}: ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
}

/** Commands of ours in shell blocks and in code within a line, without comments: `headrace dags list --paused`. */
function quotedCommands(document: string): readonly string[] {
  const text = read(document);
  const shell = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => (block as string).split('\n'));
  const inline = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`(headrace [^`\n]+)`/g)].map(([, code]) => code as string);
  return [...shell, ...inline].map((line) => line.replace(/\s+#.*$/, '').trim()).filter((line) => /^headrace [a-z]/.test(line));
}

const silent = { write: () => undefined };
/** Commands that hold others. */
const GROUPS = new Set(
  createProgram({ env: {}, stdout: silent, stderr: silent })
    .commands.filter(({ commands }) => commands.length > 0)
    .map((command) => command.name()),
);

/** `headrace tasks clear d r --dry-run` → `tasks clear` and `--dry-run`. */
function parsed(command: string): { path: readonly string[]; options: readonly string[] } {
  const words = command.split(/\s+/).slice(1);
  const path = words.slice(0, GROUPS.has(words[0] ?? '') ? 2 : 1);
  return { path, options: words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/=.*/, '')) };
}

describe('the documentation', () => {
  test('has links that lead somewhere', () => {
    const broken = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
        .map(([, target]) => target as string)
        .filter((target) => !existsSync(join(ROOT, dirname(document), target)))
        .map((target) => `${document}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test('names files that exist', () => {
    const path = /`((?:packages|apps|dags|docs|tests|docker|migrations|\.config)\/[\w./-]+\.\w+)`/g;
    const missing = documents.flatMap((document) =>
      [...read(document).matchAll(path)]
        .map(([, file]) => file as string)
        .filter((file) => !existsSync(join(ROOT, file)) && file !== 'dags/x.ts')
        .map((file) => `${document}: ${file}`),
    );
    expect(missing).toEqual([]);
  });

  test('quotes the example as it is', () => {
    const quotes = documents.filter((document) => document !== PROJECT).flatMap((document) => [...read(document).matchAll(QUOTED)]);
    expect(quotes.map(([, file]) => file)).toContain('dags/hello.ts');
    for (const [, file, code] of quotes) expect(code).toBe(read(file as string));
  });

  test('has TypeScript that compiles', () => {
    const blocks = typescriptBlocks();
    expect(blocks.size).toBeGreaterThan(5);
    expect(compilerErrors(blocks)).toEqual([]);
    const wrong = new Map([
      [join(ROOT, 'dags', 'wrong.ts'), "import { dag } from '@headrace/sdk';\nexport default dag(1, {}, () => 1);\n"],
    ]);
    expect(compilerErrors(wrong)).toHaveLength(1);
  }, 60_000);

  test('quotes commands that exist, with options that they take', async () => {
    const commands = manuals.flatMap((document) => quotedCommands(document).map((command) => ({ document, command, ...parsed(command) })));
    const paths = [...new Set(commands.map(({ path }) => path.join(' ')))];
    expect(paths.length).toBeGreaterThan(10);
    const helps = new Map(await Promise.all(paths.map(async (path) => [path, await helpOf(path.split(' '))] as const)));
    const wrong = commands.filter(({ path, options }) => {
      const help = helps.get(path.join(' ')) ?? '';
      return (
        !help.startsWith(`Usage: headrace ${path.join(' ')}`) ||
        options.some((option) => !new RegExp(`(^|[ ,])${option}\\b`, 'm').test(help))
      );
    });
    expect(wrong.map(({ document, command }) => `${document}: ${command}`)).toEqual([]);
    expect(await helpOf(['dags', 'fly'])).not.toMatch(/^Usage: headrace dags fly/);
  }, 60_000);

  test('names npm scripts that exist', () => {
    const { scripts } = readJson<{ scripts: Record<string, string> }>('package.json');
    const named = documents.flatMap((document) =>
      [...read(document).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name as string),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('stands alone: it names no place outside the repository', () => {
    expect(documents.filter((document) => /\/(work|tmp|home|root)\/|\.\.\/shared/.test(read(document)))).toEqual([]);
  });
});

/** In this process: the documents name a hundred commands. */
async function helpOf(path: readonly string[]): Promise<string> {
  const written: string[] = [];
  const stdout = { write: (text: string) => written.push(text) };
  await runProgram([...path, '--help'], { env: {}, stdout, stderr: silent });
  return written.join('');
}
