import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createProgram, runProgram } from '../../apps/cli/src/program.ts';
import { blocks, manuals, PROJECT } from '../docs/blocks.ts';
import { ROOT, readJson } from './workspace.ts';

const documents = globSync(['*.md', 'docs/**/*.md', 'dags/*.md'], { cwd: ROOT }).sort();
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Files that readers make. */
const OF_READERS: ReadonlySet<string> = new Set(['dags/x.ts', 'dags/daily_sales.ts']);

/** Code blocks that begin with the path of the file they are from. */
const QUOTED = /```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)```/g;

/** Commands in shell blocks and in code within a line, one by one, without comments: `headrace dags list --paused`. */
function quotedCommands(document: string): readonly string[] {
  const inline = [
    ...read(document)
      .replaceAll(/```[\s\S]*?```/g, '')
      .matchAll(/`(headrace [^`\n]+)`/g),
  ].map(([, code]) => code as string);
  return [...shellCommands(document), ...inline]
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => /^headrace [a-z]/.test(line));
}

/** What stands on a line of its own, or after `&&` and the like; settings before a command are left out. */
function shellCommands(document: string): readonly string[] {
  return blocks()
    .filter((block) => block.document === document && block.language === 'sh')
    .flatMap(({ code }) => code.replaceAll('\\\n', ' ').split(/\n|&&|\|\|?/))
    .map((command) => command.trim().replace(/^(?:[A-Z_]+=\S* |npx )+/, ''));
}

/** The names under which GitHub and editors know the headings of a text. */
function headingsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
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

  test('has links to headings that are there', () => {
    const headings = new Map(documents.map((document) => [document, headingsOf(read(document))]));
    const broken = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)]
        .filter(([, target = '', anchor = '']) => {
          const known = headings.get(target === '' ? document : join(dirname(document), target));
          return known !== undefined && !known.has(anchor);
        })
        .map(([link]) => `${document}: ${link}`),
    );
    expect(broken).toEqual([]);
    expect(headingsOf('# The `a` of [b](c.md): d\n')).toEqual(new Set(['the-a-of-b-d']));
  });

  test('has an index that leads to every page', () => {
    const index = read('docs/README.md');
    const pages = globSync('docs/*.md', { cwd: ROOT }).map((page) => page.slice('docs/'.length));
    expect(pages.filter((page) => page !== 'README.md' && !index.includes(`](${page})`))).toEqual([]);
    expect(read('README.md')).toContain('](docs/README.md)');
  });

  test('names files that exist', () => {
    const path = /`((?:packages|apps|dags|docs|tests|docker|migrations|\.config)\/[\w./-]+\.\w+)`/g;
    const missing = documents.flatMap((document) =>
      [...read(document).matchAll(path)]
        .map(([, file]) => file as string)
        .filter((file) => !existsSync(join(ROOT, file)) && !OF_READERS.has(file))
        .map((file) => `${document}: ${file}`),
    );
    expect(missing).toEqual([]);
  });

  test('quotes the example as it is', () => {
    const quotes = documents.filter((document) => document !== PROJECT).flatMap((document) => [...read(document).matchAll(QUOTED)]);
    expect(quotes.map(([, file]) => file)).toContain('dags/hello.ts');
    for (const [, file, code] of quotes) expect(code).toBe(read(file as string));
  });

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

  test('names settings that exist', () => {
    const NAME = /\bHEADRACE_[A-Z0-9_]*[A-Z0-9]\b/g;
    const sources = globSync(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'tests/**/*.ts'], { cwd: ROOT });
    const known = new Set(sources.flatMap((path) => read(path).match(NAME) ?? []));
    const named = manuals.flatMap((document) => (read(document).match(NAME) ?? []).map((name) => ({ document, name })));
    expect(named.length).toBeGreaterThan(100);
    const unknown = named.filter(({ name }) => !known.has(name) && !name.startsWith('HEADRACE_CONN_'));
    expect(unknown.map(({ document, name }) => `${document}: ${name}`)).toEqual([]);
  });

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
