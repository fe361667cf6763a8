/** Python with the packages that a test needs, in a virtual environment that is made once and kept in the cache. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { installDebianPackages } from './debian-packages.ts';

export interface PythonResult {
  readonly status: number;
  /** stdout and stderr, as they came. */
  readonly output: string;
}

export interface Python {
  /** Runs a program of the environment (`python`, or one that a package brought) to its end. */
  run(program: string, args: readonly string[], options?: PythonOptions): Promise<PythonResult>;
}

export interface PythonOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with what it writes, while it runs. */
  readonly onOutput?: (text: string) => void;
}

/** @param requirements a file of exact versions. Throws with what to install. */
export function pythonWith(requirements: string): Python {
  const folder = environmentFor(requirements);
  return {
    run: (program, args, { cwd = dirname(requirements), env = {}, onOutput } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(join(folder, 'bin', program), args, {
          cwd,
          env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const parts: string[] = [];
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding('utf8').on('data', (text: string) => {
            parts.push(text);
            onOutput?.(text);
          });
        }
        child.once('error', reject);
        child.once('close', (status) => resolve({ status: status ?? 1, output: parts.join('') }));
      }),
  };
}

/** In HEADRACE_TEST_CACHE, or the user's cache folder. */
function environmentFor(requirements: string): string {
  const cache = process.env.HEADRACE_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'headrace-test');
  const folder = join(cache, `python-${createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)}`);
  const made = join(folder, 'made');
  if (existsSync(made)) return folder;
  process.stderr.write(`installing ${readFileSync(requirements, 'utf8').trim().split('\n').join(', ')}\n`);
  mkdirSync(cache, { recursive: true });
  // Programs of an environment name their interpreter by its full path: it is made in its place, and counts only when it is whole.
  rmSync(folder, { recursive: true, force: true });
  makeEnvironment(folder);
  const pip = spawnSync(
    join(folder, 'bin', 'python'),
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
    {
      encoding: 'utf8',
    },
  );
  if (pip.status !== 0) {
    throw new Error(
      `The tests of Python clients need the packages of ${requirements} from PyPI, and pip could not install them (is there no network?):\n${pip.stderr}`,
    );
  }
  const done = `${folder}.done`;
  mkdirSync(done, { recursive: true });
  renameSync(done, made);
  return folder;
}

function makeEnvironment(folder: string): void {
  const make = () => spawnSync('python3', ['-m', 'venv', folder], { encoding: 'utf8' });
  let venv = make();
  if (venv.status !== 0 && installDebianPackages(['python3', 'python3-venv'])) venv = make();
  if (venv.status !== 0) {
    throw new Error(
      `The tests of Python clients need Python 3.10 or newer with venv: install python3 and python3-venv\n${venv.stderr ?? venv.error?.message ?? ''}`,
    );
  }
}
