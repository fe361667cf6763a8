/** A secret from whoever typed the command: asked for without showing it, or read from what stands on standard input. */
import { text } from 'node:stream/consumers';
import { UsageError } from './failures.ts';
import type { Terminal } from './terminal.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const BACKSPACE: ReadonlySet<string> = new Set(['\u007f', '\b']);

/** Without the line end. Throws UsageError where there is no standard input. */
export async function secretFromStdin({ stdin }: Terminal): Promise<string> {
  if (stdin === undefined) throw new UsageError('There is no standard input to read from');
  return (await text(stdin)).replace(/\r?\n$/, '');
}

/** Asks on the terminal. Undefined where there is none. Throws UsageError when it is broken off. */
export function askSecret({ stdin, stderr }: Terminal, question: string): Promise<string | undefined> {
  if (stdin?.isTTY !== true || stdin.setRawMode === undefined) return Promise.resolve(undefined);
  stderr.write(question);
  stdin.setRawMode(true);
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (): void => {
      stdin.off('data', take);
      stdin.setRawMode?.(false);
      stdin.pause();
      stderr.write('\n');
    };
    const take = (chunk: Buffer | string): void => {
      for (const key of String(chunk)) {
        if (key === '\r' || key === '\n' || key === CTRL_D) {
          end();
          resolve(typed);
          return;
        }
        if (key === CTRL_C) {
          end();
          reject(new UsageError('Broken off'));
          return;
        }
        typed = BACKSPACE.has(key) ? typed.slice(0, -1) : typed + key;
      }
    };
    stdin.on('data', take);
    stdin.resume();
  });
}
