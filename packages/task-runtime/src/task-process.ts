/**
 * One task process as its worker sees it: a child in a process group of its own, with a channel for orders and one for frames.
 *
 * C1. It never outlives its worker: it ends when the channel closes, and on Linux the kernel kills it when the worker dies.
 * C2. `onEnd` comes once, after everything that it wrote was read, and then nobody of its process group is alive.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { LineReader } from './line-reader.ts';
import type { ProcessSettings } from './process/settings.ts';
import type { ProcessEnd } from './process-end.ts';
import { FRAME_FD, type Frame, formatLine, ORDER_FD, type Order, parseFrame } from './protocol.ts';

const MAIN = fileURLToPath(new URL('./process/main.ts', import.meta.url));
/** Of the longest frame: an inline result, or a piece of output in which every character is escaped. */
const MAX_FRAME_BYTES = 1_048_576;
const LAST_WORDS = 16_384;
/** Grandchildren that left the process group may hold its output open; nobody waits for them longer. */
const OUTPUT_CLOSE_MS = 1_000;

export interface TaskProcessOptions {
  readonly settings: ProcessSettings;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
}

export interface TaskProcessListener {
  onFrame(frame: Frame): void;
  /** Output of native code and grandchildren. */
  onDescriptorOutput(stream: 'stdout' | 'stderr', text: string): void;
  /** It sent what is not of the protocol. */
  onNonsense(error: unknown): void;
  onEnd(end: ProcessEnd): void;
}

export class TaskProcess {
  readonly #child: ChildProcess;
  readonly #listener: TaskProcessListener;
  #lastWords = '';
  #ended = false;

  constructor({ settings, memoryMb, environment }: TaskProcessOptions, listener: TaskProcessListener) {
    this.#listener = listener;
    const node = [
      process.execPath,
      `--max-old-space-size=${memoryMb}`,
      '--disable-warning=ExperimentalWarning',
      MAIN,
      JSON.stringify(settings),
    ];
    const [command = '', ...args] = [...dyingWithParent(), ...node];
    this.#child = spawn(command, args, {
      detached: true,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    this.#child.once('error', (error) => this.#finish({ code: null, signal: null, lastWords: error.message }));
    this.#child.once('exit', (code, signal) => this.#exited(code, signal));
    this.#readFrames();
    for (const stream of ['stdout', 'stderr'] as const) this.#readDescriptor(stream);
    this.#orders?.on('error', () => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(order: Order): void {
    this.#orders?.write(formatLine(order));
  }

  /** To the whole group: grandchildren too. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#child.pid === undefined || this.#ended) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // The group is empty already.
    }
  }

  /** Stops reading what it writes; it blocks once the pipes are full. */
  pause(): void {
    for (const stream of this.#outputs) stream.pause();
  }

  resume(): void {
    for (const stream of this.#outputs) stream.resume();
  }

  get #orders(): Socket | undefined {
    return (this.#child.stdio[ORDER_FD] ?? undefined) as Socket | undefined;
  }

  get #outputs(): readonly Socket[] {
    return [this.#child.stdout, this.#child.stderr, this.#child.stdio[FRAME_FD]].filter(
      (stream) => stream !== null && stream !== undefined,
    ) as Socket[];
  }

  #readFrames(): void {
    const frames = this.#child.stdio[FRAME_FD] as Socket | null | undefined;
    const lines = new LineReader(MAX_FRAME_BYTES, (line) => this.#listener.onFrame(parseFrame(line)));
    frames?.on('data', (chunk) => {
      if (this.#ended) return;
      try {
        lines.push(chunk);
      } catch (error) {
        frames.removeAllListeners('data').resume();
        this.#listener.onNonsense(error);
      }
    });
    frames?.on('error', () => {});
  }

  #readDescriptor(name: 'stdout' | 'stderr'): void {
    const stream = this.#child[name];
    const decoder = new StringDecoder('utf8');
    stream?.on('data', (chunk: Buffer) => {
      const text = decoder.write(chunk);
      if (name === 'stderr') this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
      if (!this.#ended) this.#listener.onDescriptorOutput(name, text);
    });
    stream?.on('error', () => {});
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    // While the group's id is still ours.
    this.kill('SIGKILL');
    this.resume();
    const done = () => this.#finish({ code, signal, lastWords: this.#lastWords });
    const timer = setTimeout(done, OUTPUT_CLOSE_MS);
    this.#child.once('close', () => {
      clearTimeout(timer);
      done();
    });
  }

  #finish(end: ProcessEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of [...this.#outputs, this.#orders]) stream?.destroy();
    this.#listener.onEnd(end);
  }
}

/** Linux can kill a process when its parent dies, also one that blocks its event loop and would not see its channel close. */
const DYING_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL', '--'];
let prefix: readonly string[] | undefined;

/** What goes before the command, where the machine has it. */
function dyingWithParent(): readonly string[] {
  if (prefix !== undefined) return prefix;
  const [command = '', ...args] = DYING_WITH_PARENT;
  const works = process.platform === 'linux' && spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
  prefix = works ? DYING_WITH_PARENT : [];
  return prefix;
}
