/** A command line in this process: much quicker than to start the binary. */
import { Readable } from 'node:stream';
import { runProgram } from '../../src/program.ts';
import type { CliResult } from './run-cli.ts';

/** `input`: what stands on standard input. */
export async function runHere(args: readonly string[], env: Readonly<Record<string, string>>, input?: string): Promise<CliResult> {
  const written: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
  const sink = (name: 'stdout' | 'stderr') => ({ write: (text: string) => written[name].push(text) });
  const code = await runProgram(args, {
    env,
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    ...(input === undefined ? {} : { stdin: Readable.from([input]) }),
  });
  return { code, stdout: written.stdout.join(''), stderr: written.stderr.join('') };
}
