/**
 * The spans of an attempt in its process. OpenTelemetry comes with the first attempt whose trace somebody wants: a process that never has
 * such a one never loads it.
 */
import type { FinishedSpan } from '@headrace/tracing';
import type { TaskTrace } from '@headrace/tracing/task';
import type { Ending, Frame, RunOrder } from '../protocol.ts';

const SAMPLED = 1;
/** Far below the longest frame. */
const LONGEST_SPAN = 200_000;

/** Undefined: nobody wants it. */
export async function attemptTrace({ trace, run }: RunOrder, send: (frame: Frame) => void): Promise<TaskTrace | undefined> {
  if (trace === undefined || (trace.flags & SAMPLED) === 0) return undefined;
  const { taskTrace } = await import('@headrace/tracing/task');
  return taskTrace(trace, (span) => send({ type: 'span', run, span: bounded(span) }));
}

/** The whole of the attempt in one span. That it failed is known by its ending. */
export async function runTraced(traced: TaskTrace, { taskId }: RunOrder, work: () => Promise<Ending>): Promise<Ending> {
  let ending: Ending | undefined;
  await traced
    .within('run in a task process', { 'headrace.task_id': taskId, 'process.pid': process.pid }, async () => {
      ending = await work();
      if (ending.outcome === 'failed') throw new FailedAttempt(ending.error.name, ending.error.message);
    })
    .catch((error: unknown) => {
      if (!(error instanceof FailedAttempt)) throw error;
    });
  return ending as Ending;
}

/** Says to a span what its work came to. */
class FailedAttempt extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

function bounded(span: FinishedSpan): FinishedSpan {
  if (JSON.stringify(span).length <= LONGEST_SPAN) return span;
  const { events: _events, links: _links, ...rest } = span;
  return { ...rest, attributes: { 'headrace.omitted': 'attributes, events and links that are too long' } };
}
