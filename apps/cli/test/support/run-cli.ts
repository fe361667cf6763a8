/** The binary, as a user starts it. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const root = fileURLToPath(new URL('../../../..', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCli(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<CliResult> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('HEADRACE_') && name !== 'DATABASE_URL' && name !== 'REDIS_URL' && name !== 'NODE_OPTIONS',
  );
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => out[name].push(text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout: out.stdout.join(''), stderr: out.stderr.join('') }));
  });
}
