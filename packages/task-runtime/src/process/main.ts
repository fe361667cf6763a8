/**
 * The task process: takes orders, runs one attempt at a time, ends with its worker.
 *
 * M1. It imports what every attempt needs and nothing else; user code and executors come later.
 * M2. User code that lets an error escape fails its own attempt; the process is then not used again.
 */
import { subscribe } from 'node:diagnostics_channel';
import { flushCompileCache } from 'node:module';
import { Socket } from 'node:net';
import type { OperationProgress } from '@headrace/sdk';
import { LineReader } from '../line-reader.ts';
import { type Ending, ORDER_FD, type Order, PROTOCOL_VERSION, parseOrder, type RunOrder } from '../protocol.ts';
import { attemptTrace, runTraced } from './attempt-trace.ts';
import { Bundles } from './bundles.ts';
import { endingOf } from './error-report.ts';
import { sendFrame } from './frames.ts';
import { importExecutors } from './import-executors.ts';
import { ResultPages } from './mapped-results.ts';
import { ProgressFrames } from './progress-frames.ts';
import { attemptRunner, Scratch } from './run-attempt.ts';
import type { ProcessSettings } from './settings.ts';
import { machineTime } from './store-time.ts';
import { AttemptOutput, captureStandardStreams, outputOfContext } from './task-output.ts';
import { Suspended } from './waits.ts';

/** A large result makes a long order downstream: each of its inputs inline. */
const MAX_ORDER_BYTES = 64 * 1_048_576;
const RSS_EVERY_RUNS = 16;
const RSS_AFTER_MS = 200;

interface Running {
  readonly run: number;
  readonly output: AttemptOutput;
  readonly stop: AbortController;
  readonly scratch: Scratch;
  readonly pages: ResultPages;
  readonly figures: ProgressFrames;
  readonly startedAt: number;
  spoiled: boolean;
}

const settings = JSON.parse(process.argv.splice(2)[0] ?? '') as ProcessSettings;
// Ours, not that of programs which a task starts.
delete process.env.NODE_COMPILE_CACHE;
const bundles = new Bundles(settings.bundleDir);
const runner = attemptRunner({
  dags: bundles,
  executors: () => importExecutors(settings.executorsModule),
  inlineBytes: settings.inlineBytes,
  resultBytes: settings.resultBytes,
  codeFolder: settings.bundleDir,
});
let running: Running | undefined;

function begin(order: RunOrder): void {
  const attempt: Running = {
    run: order.run,
    output: new AttemptOutput(order.run, settings.outputBytes, sendFrame),
    stop: new AbortController(),
    scratch: new Scratch(order.scratch),
    pages: new ResultPages(order.run, sendFrame),
    figures: new ProgressFrames(order.run, sendFrame),
    startedAt: performance.now(),
    spoiled: false,
  };
  running = attempt;
  void outputOfContext.run(attempt.output, () => perform(order, attempt)).then((ending) => end(attempt, ending));
}

async function perform(order: RunOrder, attempt: Running): Promise<Ending> {
  const tools = {
    ...attempt,
    signal: attempt.stop.signal,
    time: machineTime,
    progress: (progress: OperationProgress) => attempt.figures.tell(progress),
  };
  if (order.trace === undefined) return runner.run(order, tools);
  // Whatever is wrong with its trace, the attempt runs.
  const traced = await attemptTrace(order, sendFrame).catch(() => undefined);
  if (traced === undefined) return runner.run(order, tools);
  attempt.output.spanId = () => traced.spanId();
  return runTraced(traced, order, () => runner.run(order, { ...tools, traced }));
}

function end(attempt: Running, ending: Ending): void {
  if (running !== attempt) return;
  running = undefined;
  attempt.figures.end();
  attempt.output.end();
  const { run, spoiled, scratch, startedAt } = attempt;
  const measured = run % RSS_EVERY_RUNS === 1 || performance.now() - startedAt > RSS_AFTER_MS;
  sendFrame({
    type: 'end',
    run,
    ending,
    bundles: bundles.size,
    ...(measured ? { rssBytes: process.memoryUsage.rss() } : {}),
    ...(scratch.made ? { scratch: true } : {}),
    ...(spoiled ? { spoiled } : {}),
  });
}

function stop(run: number, reason: string): void {
  if (running?.run !== run || running.stop.signal.aborted) return;
  running.stop.abort(new DOMException(reason, reason.includes('timeout') ? 'TimeoutError' : 'AbortError'));
}

function take(order: Order): void {
  if (order.type === 'run') begin(order);
  else if (order.type === 'page') {
    if (running?.run === order.run) running.pages.take(order);
  } else stop(order.run, order.reason);
}

/** What nobody caught: the attempt that runs fails with it, unless it is known to come from one that is over. */
function escaped(error: unknown): void {
  // A wait that nobody awaits: how the attempt ends is seen when the task's function has.
  if (error instanceof Suspended) return;
  if (running === undefined) process.exit(1);
  running.spoiled = true;
  const context = outputOfContext.getStore();
  if (context === undefined || context.run === running.run) end(running, endingOf(error, settings.bundleDir));
}

process.on('uncaughtException', escaped);
process.on('unhandledRejection', escaped);
process.on('SIGTERM', () => {
  if (running === undefined) process.exit(0);
  stop(running.run, 'The task process was told to end (SIGTERM)');
});
subscribe('child_process', () => {
  if (running !== undefined) running.spoiled = true;
});
captureStandardStreams(() => running?.output);

const orders = new LineReader(MAX_ORDER_BYTES, (line) => take(parseOrder(line)));
const worker = new Socket({ fd: ORDER_FD, readable: true, writable: false });
worker.on('data', (chunk) => orders.push(chunk));
worker.on('error', () => process.exit(0));
worker.on('close', () => process.exit(0));
sendFrame({ type: 'ready', version: PROTOCOL_VERSION, rssBytes: process.memoryUsage.rss() });
// Usually written at exit; but this process will be killed. With it the next one starts in a third of the time and takes half the memory.
setImmediate(flushCompileCache);
