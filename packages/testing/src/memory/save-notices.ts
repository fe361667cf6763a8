/** Notices, saved in the transaction of what they tell of. */
import type { NewNotice } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';

/** What is there already was told already. */
export function saveNotices(db: MemoryDatabase, notices: readonly NewNotice[]): void {
  const now = db.now();
  for (const notice of notices) {
    if (db.notices.get(notice.key) !== undefined) continue;
    const fresh = { id: db.nextId('notice'), state: 'pending', attempts: 0, nextAt: now, createdAt: now } as const;
    db.notices.insert(notice.key, { ...notice, ...fresh, lastError: undefined, deliveredAt: undefined });
  }
}
