/** Measures raw BullMQ: the reference that every ratio is held against, taken in the same run. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const CONCURRENCY = 100;

/** Jobs per second, adder and worker together, each in a process of its own. */
export async function rawThroughput(redisUrl: string, jobs: number): Promise<number> {
  const queue = `raw-${randomUUID()}`;
  const worker = start('worker.ts', [redisUrl, queue, String(jobs), String(CONCURRENCY)]);
  const adder = start('adder.ts', [redisUrl, queue, String(jobs)]);
  await Promise.all([said(worker, 'ready'), said(adder, 'ready')]);
  const began = performance.now();
  adder.send('go');
  await said(worker, 'done');
  const seconds = (performance.now() - began) / 1_000;
  await end(worker);
  return jobs / seconds;
}

/** Milliseconds of each step of a chain between two processes. */
export async function rawChain(redisUrl: string, steps: number): Promise<readonly number[]> {
  const queue = `raw-${randomUUID()}`;
  const worker = start('worker.ts', [redisUrl, queue, '0', '1']);
  await said(worker, 'ready');
  const chainer = start('chainer.ts', [redisUrl, queue, String(steps), '20']);
  const times = await new Promise<readonly number[]>((resolve) => chainer.once('message', (message) => resolve(message as number[])));
  await end(worker);
  return times;
}

function start(file: string, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { env: { ...process.env, NODE_EXTRA_CA_CERTS: '' } });
}

async function said(child: ChildProcess, what: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message) => message === what && resolve());
    child.once('exit', (code) => reject(new Error(`a raw BullMQ process ended early (${code})`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.send('end');
  await exited;
}
