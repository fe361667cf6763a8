/**
 * How a task message looks as a BullMQ job: the id is `<attempt id>-<sequence>`, the data is the task instance's id, and that is all.
 *
 * M1. Two dispatches never share an id, so BullMQ never swallows one as a duplicate.
 * M2. What comes back from the queue is checked to the letter: a message that we cannot have sent is not a message.
 */
import type { TaskMessage } from '@headrace/ports';

/** Every job has this name; BullMQ asks for one. */
export const jobName = 'task';

const jobIdShape = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})-([1-9][0-9]{0,8})$/;
const taskInstanceIdShape = /^[1-9][0-9]{0,18}$/;

export function jobId(message: TaskMessage): string {
  return `${message.attemptId}-${message.sequence}`;
}

/** Throws InvalidMessageError for a message that the other side would refuse: it must not be sent. */
export function assertSendable(message: TaskMessage): void {
  if (decodeJob(jobId(message), message.taskInstanceId) === undefined) throw new InvalidMessageError(message);
}

/** The message of a job, or undefined for a job that is none of ours. */
export function decodeJob(id: string | undefined, data: unknown): TaskMessage | undefined {
  const match = jobIdShape.exec(id ?? '');
  if (match === null || typeof data !== 'string' || !taskInstanceIdShape.test(data)) return undefined;
  return { taskInstanceId: data, attemptId: match[1] as string, sequence: Number(match[2]) };
}

export class InvalidMessageError extends Error {
  readonly code = 'HR_QUEUE_INVALID_MESSAGE';
  constructor(message: TaskMessage) {
    super(
      `Cannot send task instance "${message.taskInstanceId}", attempt "${message.attemptId}", sequence ${message.sequence}: ` +
        'the task instance id must be a positive integer, the attempt id a lower-case uuid and the sequence an integer of at least 1',
    );
    this.name = 'InvalidMessageError';
  }
}
