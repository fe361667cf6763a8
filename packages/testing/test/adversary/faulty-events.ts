/** News on its way to one process: it comes late, though in order, and a lost connection loses what comes meanwhile and says so afterwards. */
import type { RunEvents, StoreEvent } from '@headrace/ports';
import type { Fate, SimProcess } from './process.ts';

const LONGEST_DELAY_MS = 3_000;
const LONGEST_OUTAGE_MS = 8_000;

export function faultyEvents(events: RunEvents, process: SimProcess, fate: Fate): RunEvents {
  return {
    async listen(listener) {
      let lost = false;
      /** Nothing overtakes what is still on its way. */
      let free = 0;
      const deliver = (work: () => void): void => {
        const { time, random, faults } = fate;
        const at = Math.max(free, time.now() + (random.chance(faults.delayEvents) ? random.between(1, LONGEST_DELAY_MS) : 0));
        free = at;
        if (at === time.now()) process.run(work);
        else time.after(at - time.now(), () => process.run(work));
      };
      const onEvents = (batch: readonly StoreEvent[]): void => {
        const { time, random, faults, trace } = fate;
        if (lost) return;
        if (random.chance(faults.loseEvents)) {
          trace(() => `${process.name} loses its connection for events`);
          lost = true;
          time.after(random.between(50, LONGEST_OUTAGE_MS), () => {
            lost = false;
            deliver(() => listener.onGap());
          });
          return;
        }
        deliver(() => listener.onEvents(batch));
      };
      return events.listen({ onEvents, onGap: () => deliver(() => listener.onGap()) });
    },
  };
}
