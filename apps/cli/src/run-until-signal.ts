/**
 * A process of Headrace from its start to its end.
 *
 * S1. It says `headrace <role> ready` with its address on a line of its own once it works; scripts wait for that line.
 * S2. SIGTERM and SIGINT drain it and it ends with 0; a second signal ends it at once, as the signal would have.
 */
import { constants } from 'node:os';
import type { RunningProcess } from '@headrace/ports';
import type { Terminal } from './terminal.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Resolves when the process has drained. Rejects when it could not start or stop. */
export async function runUntilSignal(
  role: string,
  start: () => Promise<RunningProcess>,
  { stdout, stderr }: Terminal,
  hint?: string,
): Promise<void> {
  let onSignal = (_: NodeJS.Signals): void => {};
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    onSignal = resolve;
  });
  let count = 0;
  const listener = (signal: NodeJS.Signals): void => {
    if (++count > 1) process.exit(128 + constants.signals[signal]);
    onSignal(signal);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  try {
    const running = await start();
    stdout.write(`headrace ${role} ready${running.address === undefined ? '' : ` at ${running.address}`}\n`);
    for (const text of [running.hint, hint]) if (text !== undefined) stdout.write(`${text}\n`);
    const signal = await signalled;
    stderr.write(`headrace ${role}: ${signal}, finishing what runs; once more ends it at once\n`);
    await running.stop();
  } finally {
    for (const signal of SIGNALS) process.off(signal, listener);
  }
}
