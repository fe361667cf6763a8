/** What an attempt failed of when its process ended before the task did. */
import type { AttemptError } from '@headrace/core';

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it wrote to stderr. */
  readonly lastWords: string;
}

const HEAP_EXHAUSTED =
  /heap out of memory|Reached heap limit|invalid (?:array|table) size.*Allocation failed|FATAL ERROR: .*Allocation failed/;
const ABORTED = 134;
const KILLED = 137;

export function processEndError({ code, signal, lastWords }: ProcessEnd, memoryMb: number): AttemptError {
  if (HEAP_EXHAUSTED.test(lastWords)) {
    return outOfMemory(`The task needed more than its ${memoryMb} MiB of memory (memoryMb). Read the data in pieces, or raise the limit`);
  }
  if (signal === 'SIGKILL' || code === KILLED) {
    return outOfMemory('The task process was killed (SIGKILL) by somebody other than Headrace: most likely the system had no memory left');
  }
  const how = signal === null ? `ended with exit code ${code ?? '?'}` : `was ended by ${signal}`;
  const hint = signal === null && code !== ABORTED ? '. Do not call process.exit() in a task: return or throw' : '';
  return { name: 'ProcessExit', code: 'HR_PROCESS_EXIT', message: `The task process ${how} before the task ended${hint}` };
}

export function outOfMemory(message: string): AttemptError {
  return { name: 'OutOfMemory', code: 'HR_OUT_OF_MEMORY', message };
}
