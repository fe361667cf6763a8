/**
 * A server that a test starts for itself.
 *
 * P1. It has its own process group, so Ctrl-C in a terminal reaches the test run and not, behind its back, the servers.
 * P2. It does not outlive the process that started it, even if that one is killed, where the system can promise it (Linux).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { SystemUser } from '@headrace/embedded-postgres';

const SETPRIV = '/usr/bin/setpriv';
const OUTPUT_LIMIT = 20_000;

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly user?: SystemUser | undefined;
  /** The signal the server gets when its starter is gone. */
  readonly onOrphaned: 'TERM' | 'QUIT';
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #output = '';

  constructor({ command, args, cwd, env, user, onOrphaned }: ServerCommand) {
    const [file, ...rest] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', onOrphaned, '--', command, ...args] : [command, ...args];
    this.#child = spawn(file as string, rest, {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: env ?? process.env,
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', (error) => {
        this.#output += `${error.message}\n`;
        resolve();
      });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_LIMIT);
      });
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`the server did not start: ${this.#output}`);
    return this.#child.pid;
  }

  /** The end of what it wrote to stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until `ready` says so. False when the process ended first. */
  async waitUntil(ready: () => Promise<boolean>): Promise<boolean> {
    while (this.running) {
      if (await ready()) return true;
      await Promise.race([delay(20), this.#exited]);
    }
    return false;
  }

  /** Waits for the end. Null when it ended by a signal or never began. */
  async exit(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  /** Sends the signal and waits for the end. A process that has ended already is fine. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.running) this.#child.kill(signal);
    await this.#exited;
  }
}
