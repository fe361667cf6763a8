/** What the program says about itself: examples, completions. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { cliDocument } from '../scripts/cli-document.ts';
import { EXAMPLES } from '../src/examples.ts';
import { runHere } from './support/run-program.ts';

const run = (args: readonly string[], env: Record<string, string> = {}) => runHere(args, env);

async function offered(...words: string[]): Promise<readonly string[]> {
  const { code, stdout } = await run(['__complete', '--', ...words], { HEADRACE_URL: 'http://127.0.0.1:1' });
  expect(code).toBe(0);
  return stdout.split('\n').slice(0, -1);
}

describe('examples', () => {
  test('are of commands that there are, and are shown with their help', async () => {
    for (const [words, lines] of Object.entries(EXAMPLES)) {
      const { code, stdout } = await run([...words.split(' '), '--help']);
      expect([words, code, stdout.includes(lines[0] ?? '')]).toEqual([words, 0, true]);
    }
  });

  test('exist for every command of a group that has any', async () => {
    const groups = new Set(Object.keys(EXAMPLES).flatMap((words) => (words.includes(' ') ? [words.split(' ')[0] as string] : [])));
    groups.delete('db');
    for (const group of groups) for (const name of await offered(group, '')) expect(Object.keys(EXAMPLES)).toContain(`${group} ${name}`);
  });
});

test('docs/cli-reference.md says what the commands say: node apps/cli/scripts/write-cli-document.ts', () => {
  expect(readFileSync(new URL('../../../docs/cli-reference.md', import.meta.url), 'utf8')).toBe(cliDocument());
});

describe('completions', () => {
  test('offer commands, their options, and choices', async () => {
    expect(await offered('ru')).toEqual(['runs']);
    expect(await offered('runs', 'wat')).toEqual(['watch']);
    expect(await offered('backfill', 'create', '--rep')).toEqual(['--reprocess-behavior']);
    expect(await offered('runs', 'list', '--state', '')).toEqual(['failed', 'queued', 'running', 'success']);
    expect(await offered('tasks', 'mark', 'd', 'r', 't', 's')).toEqual(['success']);
    expect(await offered('-o', 'j')).toEqual(['json']);
    expect(await offered('')).not.toContain('__complete');
  });

  test('leave out what a server does not tell', async () => {
    expect(await offered('dags', 'show', '')).toEqual([]);
  });

  test('come as a script that bash understands', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect((await run(['completion', shell])).stdout).toContain('headrace __complete');
    const { stdout } = await run(['completion', 'bash']);
    const tried = `${stdout}
headrace() { printf '%s\\n' "$@" >&2; echo scheduled__2026-01-05T00:00:00; }
COMP_LINE='headrace runs show sales scheduled__2026-01-05T0' COMP_POINT=48 COMP_WORDS=(headrace runs show sales scheduled__2026-01-05T0) COMP_CWORD=4
_headrace; printf '%s' "\${COMPREPLY[0]}"`;
    expect(execFileSync('bash', ['-c', tried], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toBe(
      'scheduled__2026-01-05T00:00:00',
    );
  });
});
