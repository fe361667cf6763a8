/**
 * A program of the user: its input, its output, its end.
 *
 * G1. It is the head of a process group of its own, and when it ends, or must end, so does the whole group: SIGTERM, then SIGKILL.
 * G2. It sees no variable of our environment but those in `KEPT`.
 * G3. What it writes to its standard error goes to the log, up to a limit; it is never waited for, nor kept.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { TaskLog, TransformProgram } from '@headrace/sdk';
import { DataError } from '../errors.ts';

export interface RunningProgram {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when it has ended well. Rejects with DataError HR_PROGRAM_FAILED, HR_PROGRAM_NOT_FOUND. */
  readonly ended: Promise<void>;
  /** Ends the group. Resolves when its head is gone. */
  stop(): Promise<void>;
}

const KEPT = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TERM'];
const GRACE_MS = 5000;
/** How long output may stay open that a child of the program still holds. */
const LINGER_MS = 1000;
const MOST_LOGGED = 5000;
const LONGEST_LINE = 4000;
const TAIL = 10;

/** Starts the program. `scratch` is where it may leave files, and where it runs unless it says otherwise. */
export function startProgram(program: TransformProgram, scratch: string, where: string, log: TaskLog): RunningProgram {
  const { command, cwd = scratch, env = {} } = program;
  const [file, ...args] = [...limits(program, log), ...command];
  const kept = Object.fromEntries(KEPT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const own = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
  );
  const child = spawn(file ?? command[0], args, {
    cwd,
    env: { ...kept, TMPDIR: scratch, ...own },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Whoever writes to it is told; a pipe that breaks must not end this process.
  child.stdin.on('error', () => {});
  const said = logged(child.stderr, log);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  void gone.then(() => {
    // Its children may hold the output open, and nobody else will end them.
    const linger = setTimeout(() => signalGroup(child, 'SIGKILL'), LINGER_MS);
    child.once('close', () => {
      clearTimeout(linger);
      signalGroup(child, 'SIGKILL');
    });
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(notStarted(error, program, where)));
    child.once('close', (code, signal) => (code === 0 ? resolve() : reject(failed(code, signal, said(), where))));
  });
  ended.catch(() => {});
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    ended,
    async stop() {
      signalGroup(child, 'SIGTERM');
      const kill = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
      await gone;
      clearTimeout(kill);
      signalGroup(child, 'SIGKILL');
    },
  };
}

/** Nothing happens when the group is gone. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {}
}

/** Commands that limit it, where the system has them: it ends with this process, and gets no more memory than it may. */
function limits({ memory }: TransformProgram, log: TaskLog): readonly string[] {
  const tied = onPath('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
  if (memory === undefined) return tied;
  if (onPath('prlimit')) return [...tied, 'prlimit', `--as=${Math.round(memory * 1024 * 1024)}`, '--'];
  log.warn('the program runs without its limit of memory: this system has no "prlimit"', { memory });
  return tied;
}

function onPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Answers with the last lines, for the message of an error. */
function logged(stderr: Readable, log: TaskLog): () => readonly string[] {
  const tail: string[] = [];
  let rest = '';
  let lines = 0;
  const say = (line: string): void => {
    const short = line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
    tail.push(short);
    if (tail.length > TAIL) tail.shift();
    lines += 1;
    if (lines < MOST_LOGGED) log.info(short, { stream: 'stderr' });
    else if (lines === MOST_LOGGED) log.warn(`more than ${MOST_LOGGED} lines on standard error: the rest is not logged`);
  };
  stderr.setEncoding('utf8');
  stderr.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = (parts.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of parts) say(line);
  });
  stderr.on('end', () => {
    if (rest !== '') say(rest);
  });
  return () => tail;
}

function notStarted(error: NodeJS.ErrnoException, { command, cwd }: TransformProgram, where: string): DataError {
  const what = `${where}: the program "${command[0]}" could not be started`;
  if (error.code === 'ENOENT')
    return new DataError(
      'HR_PROGRAM_NOT_FOUND',
      `${what}: it is not on the PATH${cwd === undefined ? '' : `, or there is no folder ${cwd}`}`,
      { cause: error },
    );
  return new DataError('HR_PROGRAM_FAILED', `${what}: ${error.message}`, { cause: error });
}

function failed(code: number | null, signal: NodeJS.Signals | null, tail: readonly string[], where: string): DataError {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  // What a wrapper says of a command that is not there.
  const missing = (code === 127 || code === 126) && tail.some((line) => /failed to execute|No such file/i.test(line));
  const said = tail.length === 0 ? '' : `. It last said: ${tail.join('\n').slice(-1500)}`;
  return new DataError(missing ? 'HR_PROGRAM_NOT_FOUND' : 'HR_PROGRAM_FAILED', `${where}: the program ${how}${said}`, {
    retryable: !missing,
  });
}
