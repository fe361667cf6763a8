import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT, readJson } from './workspace.ts';

const documents = globSync(['*.md', 'docs/**/*.md', 'dags/*.md'], { cwd: ROOT }).sort();
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Code blocks that begin with the path of the file they are from. */
const QUOTED = /```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)```/g;

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
    const quotes = documents.flatMap((document) => [...read(document).matchAll(QUOTED)]);
    expect(quotes.map(([, file]) => file)).toContain('dags/hello.ts');
    for (const [, file, code] of quotes) expect(code).toBe(read(file as string));
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
