import { compileDag } from '@headrace/core';
import type { LoadedRun } from '@headrace/ports';
import { expect, test } from '@jest/globals';
import { RunBook } from '../src/run-book.ts';
import { dagOf } from './memory-store.ts';

const RUN: LoadedRun = {
  runKey: '1',
  dagId: 'single',
  runId: 'run-1',
  versionId: 'single',
  status: 'running',
  revision: 0,
  progress: {},
  tasks: [{ taskInstanceId: '2', taskId: 'a', mapIndex: -1, state: { status: 'queued', attempt: 1 } }],
};

/** With the run in hand since 0, to be verified after 100 ms. */
async function bookOfRun(): Promise<RunBook> {
  const dag = compileDag(dagOf('single', { a: [] }));
  const book = new RunBook(async () => dag, { verifyAfter: 100, verifyAtMost: 400 });
  await book.read(0, async () => [RUN]);
  book.takePending(0);
  return book;
}

test('what is heard of a run puts its verification off', async () => {
  const book = await bookOfRun();
  book.hear({ type: 'task', runKey: '1', taskInstanceId: '2', to: { status: 'success', attempt: 1 } });
  book.takePending(60);
  book.reloadQuiet(120, 10);
  expect(book.hasToLoad).toBe(false);
  book.reloadQuiet(160, 10);
  expect(book.hasToLoad).toBe(true);
});

test('what the scheduler tells itself, again and again, does not', async () => {
  const book = await bookOfRun();
  book.post('1', { type: 'task.lost', task: 0, attempt: 1, dice: 0 });
  book.post('1', { type: 'tick' });
  book.takePending(60);
  book.reloadQuiet(120, 10);
  expect(book.hasToLoad).toBe(true);
});
