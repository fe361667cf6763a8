/** Watches a run until it ends: each change of its tasks once, and how far those are that run. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DagRun, TaskInstance, TaskProgress } from '@headrace/api-contract';
import type { HeadraceClient } from '@headrace/client';
import { describeChange, isQuiet } from './follow-run.ts';
import { formatProgress, nameOf } from './output/progress-line.ts';
import { allTaskInstances } from './task-instances.ts';
import type { TextSink } from './terminal.ts';

const LOOK_MS = 1_000;
const NAME_WIDTH = 28;
const UP_AND_CLEAR = '\u001b[1A\u001b[2K';

/** On a terminal the lines of progress stay in their place; elsewhere there is one for each look. */
export async function watchRun(
  client: HeadraceClient,
  dagId: string,
  runId: string,
  sink: TextSink,
): Promise<{ run: DagRun; tasks: TaskInstance[] }> {
  const told = new Map<string, string>();
  let shown = 0;
  for (;;) {
    // The run first: when it has ended, the task instances read after it are its last.
    const run = await client.run(dagId, runId);
    const ended = run.state === 'success' || run.state === 'failed';
    const tasks = await allTaskInstances(client, dagId, runId);
    const { progress } = ended ? { progress: [] } : await client.progress(dagId, runId);
    const lines = progressLines(progress);
    sink.write(`${UP_AND_CLEAR.repeat(shown)}${news(tasks, told)}${lines.join('')}`);
    shown = sink.isTTY === true ? lines.length : 0;
    if (ended) return { run, tasks };
    await delay(LOOK_MS);
  }
}

export function progressLines(progress: readonly TaskProgress[]): readonly string[] {
  return progress.map((one) => `  ${nameOf(one).padEnd(NAME_WIDTH)} ${formatProgress(one)}\n`);
}

function news(tasks: readonly TaskInstance[], told: Map<string, string>): string {
  return tasks
    .filter((task) => {
      const key = nameOf(task);
      const state = `${task.state ?? 'none'} ${task.try_number}`;
      if (told.get(key) === state) return false;
      told.set(key, state);
      return !isQuiet(task);
    })
    .map(describeChange)
    .join('');
}
