/** Notices, saved in the transaction of what they tell of. */
import type { NewNotice } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';

export function saveNotices(db: MemoryDatabase, notices: readonly NewNotice[]): void {
  for (const notice of notices) if (db.notices.get(notice.key) === undefined) db.notices.insert(notice.key, notice);
}
