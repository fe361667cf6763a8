/** One attempt in the task process: find the task, give it its inputs, run it, encode what it returns. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OperationExecutors, resolveReferences, type TaskContext, type TaskDefinition } from '@headrace/sdk';
import { CodeUnavailableError } from '../errors.ts';
import type { Ending, InputSource, RunOrder } from '../protocol.ts';
import { decodeValue, encodeValue } from '../values.ts';
import type { Bundles } from './bundles.ts';
import { endingOf } from './error-report.ts';
import type { ProcessSettings } from './settings.ts';
import { taskContext } from './task-context.ts';
import type { AttemptOutput } from './task-output.ts';

export interface AttemptRunner {
  run(order: RunOrder, signal: AbortSignal, output: AttemptOutput, scratch: Scratch): Promise<Ending>;
}

/** The folder of one attempt, made when it is first needed. */
export class Scratch {
  readonly #path: string;
  made = false;

  constructor(path: string) {
    this.#path = path;
  }

  folder(): string {
    if (!this.made) mkdirSync(this.#path, { recursive: true });
    this.made = true;
    return this.#path;
  }
}

export function attemptRunner(settings: ProcessSettings, bundles: Bundles): AttemptRunner {
  let executors: Promise<OperationExecutors> | undefined;

  /** Imported with the first operation: a process that runs plain tasks stays small. */
  function loadExecutors(): Promise<OperationExecutors> {
    executors ??= importExecutors(settings.executorsModule);
    return executors;
  }

  async function execute(
    task: TaskDefinition,
    inputs: Readonly<Record<string, unknown>>,
    context: TaskContext,
    order: RunOrder,
    scratch: Scratch,
  ): Promise<unknown> {
    const { kind, run, operation } = task;
    if (kind === 'task') {
      if (run === undefined) throw new CodeUnavailableError(`Task "${order.taskId}" has no function`);
      return run({ ...context, ...inputs });
    }
    const executor = (await loadExecutors())[kind];
    const { dagId, runId, taskInstanceId, attempt, attemptId } = order;
    const values = { params: context.params, interval: context.interval, run: { dagId, id: runId, logicalDate: context.logicalDate } };
    const resolved = resolveReferences(operation ?? {}, values) as Readonly<Record<string, unknown>>;
    return executor({ operation: resolved, inputs, context, fence: { taskInstanceId, attempt, attemptId }, scratch: scratch.folder() });
  }

  return {
    async run(order, signal, output, scratch) {
      try {
        const { dag, task } = await bundles.task(order.bundle, order.dagId, order.taskId);
        const inputs: Record<string, unknown> = {};
        for (const [name, upstream] of Object.entries(task.inputs)) inputs[name] = readInput(order.results[upstream.taskId]);
        const value = await execute(task, inputs, taskContext(order, dag, signal, output), order, scratch);
        return success(encodeValue(value, 'result', settings.resultBytes), scratch, settings.inlineBytes);
      } catch (error) {
        return endingOf(error, settings.bundleDir);
      }
    },
  };
}

function success(json: string | undefined, scratch: Scratch, inlineBytes: number): Ending {
  if (json === undefined) return { outcome: 'success' };
  if (Buffer.byteLength(json) <= inlineBytes) return { outcome: 'success', result: { json } };
  const file = join(scratch.folder(), 'result.json');
  writeFileSync(file, json);
  return { outcome: 'success', result: { file } };
}

function readInput(source: InputSource | undefined): unknown {
  if (source === undefined) return undefined;
  return decodeValue('json' in source ? source.json : readFileSync(source.file, 'utf8'));
}

async function importExecutors(specifier: string | undefined): Promise<OperationExecutors> {
  if (specifier === undefined)
    throw new CodeUnavailableError('This worker was started without a module of executors and runs plain tasks only');
  const { executors } = (await import(specifier)) as { readonly executors?: OperationExecutors };
  if (executors === undefined) throw new CodeUnavailableError(`${specifier} does not export "executors"`);
  return executors;
}
