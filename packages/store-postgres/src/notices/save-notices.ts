/** Notices, saved in the transaction of what they tell of. */
import type { NewNotice } from '@headrace/ports';
import type { Queryable } from '../database.ts';

export async function saveNotices(_client: Queryable, notices: readonly NewNotice[]): Promise<void> {
  if (notices.length === 0) return;
}
