/** News for schedulers, over LISTEN. What one turn of the event loop brings is handed on together. */
import type { RunEvents, RunEventsListener, StoreEvent } from '@headrace/ports';
import type { Database } from './database.ts';
import { listen } from './listener.ts';
import { EVENTS, parseEvents } from './notification.ts';

export function createRunEvents(database: Database): RunEvents {
  return {
    listen(listener: RunEventsListener) {
      let gathered: StoreEvent[] = [];
      const deliver = (): void => {
        const events = gathered;
        gathered = [];
        if (events.length > 0) listener.onEvents(events);
      };
      return listen(database, EVENTS, {
        onPayload(payload) {
          if (gathered.length === 0) setImmediate(deliver);
          gathered.push(...parseEvents(payload));
        },
        onGap() {
          deliver();
          listener.onGap();
        },
      });
    },
  };
}
