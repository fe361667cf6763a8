export { type BackendOptions, QueueUrlError } from './backend-for-url.ts';
export { inspectQueue, type QueueInspection } from './inspect-queue.ts';
export { InvalidMessageError } from './message.ts';
export { migrateQueue } from './migrate-queue.ts';
export { InvalidQueueNameError } from './queue-name.ts';
export { createTaskConsumer, type TaskConsumerOptions } from './task-consumer.ts';
export { createTaskQueue } from './task-queue.ts';
