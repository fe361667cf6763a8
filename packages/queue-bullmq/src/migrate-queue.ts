import { migratePostgresQueue } from './postgres-backend.ts';

/**
 * Prepares the queue's own storage: BullMQ's tables in the schema `headrace_queue` for `postgres://`, nothing for Redis.
 * Safe to repeat and to run from several processes at once.
 */
export async function migrateQueue(options: { readonly url: string }): Promise<void> {
  if (/^postgres(ql)?:/.test(options.url)) await migratePostgresQueue(options.url);
}
