/** Forgets notices that were delivered long ago. Those that wait, and those that were given up, stay. Delivering is the workers' work. */
import type { NoticeStore } from '@headrace/ports';
import type { Duty } from './duty.ts';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;

export interface NoticeDutyOptions {
  readonly store: Pick<NoticeStore, 'forget'>;
  /** For how long a delivered notice is kept. Default 30 days. */
  readonly keepMs?: number;
}

export function createNoticeDuty({ store, keepMs = 30 * DAY_MS }: NoticeDutyOptions): Duty {
  let nextAt = 0;
  return {
    name: 'notices',
    async perform(now) {
      if (now < nextAt) return { nextAt };
      if ((await store.forget(keepMs)) > 0) return { more: true };
      nextAt = now + EVERY_MS;
      return { nextAt };
    },
  };
}
