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
  return startCli(args, environment).ended;
}

export interface StartedCli {
  /** Resolves when stdout holds this text; rejects when the process ends without it. */
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<CliResult>;
}

export function startCli(args: readonly string[], environment: Readonly<Record<string, string>> = {}): StartedCli {
  const own = (name: string) => name.startsWith('HEADRACE_') || ['DATABASE_URL', 'REDIS_URL', 'NODE_OPTIONS'].includes(name);
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own(name)));
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => out[name].push(text));
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout: out.stdout.join(''), stderr: out.stderr.join('') }));
  });
  return {
    ended,
    signal: (name) => void child.kill(name),
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = () => out.stdout.join('').includes(text) && resolve();
        child.stdout.on('data', look);
        void ended.then(({ stderr }) => reject(new Error(`it ended without saying "${text}": ${stderr}`)));
        look();
      }),
  };
}
