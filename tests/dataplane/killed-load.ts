/**
 * One attempt in a process of its own, which a test kills: `node killed-load.ts <request as JSON> <n>` kills itself, with SIGKILL, at the n-th thing
 * that the attempt says (log line or progress), or runs to its end, for 0. Says how many things it said, when it ends.
 */
import { readFile } from 'node:fs/promises';
import { runTask, type TaskRun } from './run-task.ts';

type Request = Omit<TaskRun, 'interval' | 'heard'> & { readonly start: string; readonly end: string };

const { start, end, ...run } = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as Request;
const killAt = Number(process.argv[3]);
let said = 0;
const heard = (): void => {
  said += 1;
  if (said === killAt) process.kill(process.pid, 'SIGKILL');
};
const interval = { start: new Date(start), end: new Date(end), day: start.slice(0, 10), hour: start.slice(0, 13) };
process.stdout.write('begins\n');
await runTask({ ...run, interval, heard });
process.stdout.write(`ends ${said}\n`);
