/** Headrace's own processes, started as an operator starts them, so that a test can kill them as fate does. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServerProcess } from './server-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = 'apps/cli/src/main.ts';
const READY = /^headrace \w+ ready/m;

export interface HeadraceProcess {
  readonly pid: number;
  /** What it said it listens on. */
  readonly address: string;
  readonly output: string;
  /** SIGTERM, and the wait for its end. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

/** Starts `headrace <role>`, of the checkout in `root`, and resolves when it says that it is ready. Rejects with the end of its output. */
export async function startHeadrace(
  role: 'scheduler' | 'worker' | 'api' | 'standalone',
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  root = ROOT,
): Promise<HeadraceProcess> {
  const child = new ServerProcess({
    command: process.execPath,
    args: [join(root, CLI), role, ...args],
    cwd: root,
    env: cleanEnvironment(environment),
    onOrphaned: 'TERM',
  });
  if (!(await child.waitUntil(async () => READY.test(child.output)))) throw new Error(`headrace ${role} did not start:\n${child.output}`);
  return {
    pid: child.pid,
    address: /^headrace \w+ ready.*?(https?:\/\/\S+)/m.exec(child.output)?.[1] ?? '',
    get output() {
      return child.output;
    },
    stop: () => child.end('SIGTERM'),
    kill9: () => child.end('SIGKILL'),
  };
}

/** A command that ends by itself: `headrace db migrate`. Answers with its stdout. Rejects when it fails. */
export async function headrace(args: readonly string[], environment: Readonly<Record<string, string>>, root = ROOT): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [join(root, CLI), ...args],
      { cwd: root, env: cleanEnvironment(environment), maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`headrace ${args.join(' ')} failed (${error.code}):\n${stdout}${stderr}`));
      },
    );
  });
}

/** Nothing of Headrace's that the caller did not name. */
function cleanEnvironment(environment: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('HEADRACE_') && name !== 'DATABASE_URL' && name !== 'REDIS_URL',
  );
  return { ...Object.fromEntries(kept), ...environment };
}
