/** One run of schemathesis against a running Headrace, and what it came to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../support/python.ts';
import type { ClientSystem } from './system.ts';

export interface FuzzBudget {
  /** At most so many requests of each kind for each operation. */
  readonly examples: number;
  readonly seed: number;
  /** Phases of schemathesis. Default: all. */
  readonly phases?: readonly string[];
  /** Threads. More than one now and then trips over caches of schemathesis' own: use several processes instead. */
  readonly workers: number;
  /** Operations that are asked; default: all. */
  readonly only?: readonly string[];
  readonly onOutput?: (text: string) => void;
}

export interface FuzzResult {
  readonly requests: number;
  readonly operations: number;
  /** The end of what schemathesis wrote: with what it found, and how to reproduce it. */
  readonly output: string;
  readonly passed: boolean;
}

/** These answers do not end by themselves; tests of their own read them. */
export const ENDLESS = ['follow_log', 'follow_events', 'wait_dag_run_until_finished'];

export async function fuzz(system: ClientSystem, budget: FuzzBudget): Promise<FuzzResult> {
  const python = pythonWith(fileURLToPath(new URL('requirements.txt', import.meta.url)));
  const folder = mkdtempSync(join(tmpdir(), 'headrace-fuzz-'));
  const args = [
    '--config-file',
    fileURLToPath(new URL('schemathesis.toml', import.meta.url)),
    'run',
    `${system.url}/openapi.json`,
    '--no-color',
    `--max-examples=${budget.examples}`,
    `--seed=${budget.seed}`,
    `--workers=${budget.workers}`,
    ...(budget.phases === undefined ? [] : [`--phases=${budget.phases.join(',')}`]),
    ...(budget.only ?? []).map((operation) => `--include-operation-id=${operation}`),
    ...(budget.only === undefined ? ENDLESS.map((operation) => `--exclude-operation-id=${operation}`) : []),
  ];
  try {
    const { status, output } = await python.run('st', args, {
      cwd: folder,
      env: { HEADRACE_URL: system.url, HEADRACE_TOKEN: system.token },
      ...(budget.onOutput === undefined ? {} : { onOutput: budget.onOutput }),
    });
    return {
      requests: Number(/(\d+) generated/.exec(output)?.[1] ?? 0),
      operations: Number(/Tested: (\d+)/.exec(output)?.[1] ?? 0),
      output,
      passed: status === 0,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
