/** Any name a user may give a queue, as a name that BullMQ accepts (no `:`) and that is safe as part of a Redis key. One to one. */
export function bullQueueName(queue: string): string {
  if (queue === '') throw new InvalidQueueNameError(queue, 'it is empty');
  if (queue.length > 200) throw new InvalidQueueNameError(queue, 'it is longer than 200 characters');
  if (!queue.isWellFormed()) throw new InvalidQueueNameError(queue, 'it is not well-formed Unicode');
  return encodeURIComponent(queue);
}

export class InvalidQueueNameError extends Error {
  readonly code = 'HR_QUEUE_NAME';
  constructor(queue: string, why: string) {
    super(`"${queue.slice(0, 60)}" cannot be the name of a queue: ${why}`);
    this.name = 'InvalidQueueNameError';
  }
}
