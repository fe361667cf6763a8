/** Waits that task instances enter, saved in the transaction that ends their attempts. */
import type { Wait } from '@headrace/core';
import type { MemoryDatabase } from './database.ts';

export interface EnteredWait {
  readonly taskInstanceId: string;
  readonly runKey: string;
  readonly attempt: number;
  readonly wait: Wait;
}

export function saveWaits(db: MemoryDatabase, waits: readonly EnteredWait[]): void {
  for (const wait of waits) db.waits.insert(db.nextId('wait'), { ...wait, since: db.now() });
}
