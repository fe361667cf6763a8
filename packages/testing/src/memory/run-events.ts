/** News for schedulers: what one turn brings is handed on together. */
import type { RunEvents } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';

export function createRunEvents(db: MemoryDatabase): RunEvents {
  return {
    async listen(listener) {
      const stop = db.onEvents(listener);
      return async () => stop();
    },
  };
}
