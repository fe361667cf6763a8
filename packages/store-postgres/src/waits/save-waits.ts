/** Waits that task instances enter, saved in the transaction that ends their attempts. */
import type { Wait } from '@headrace/core';
import type { Queryable } from '../database.ts';

export interface EnteredWait {
  readonly taskInstanceId: string;
  readonly runKey: string;
  readonly attempt: number;
  readonly wait: Wait;
}

export async function saveWaits(_client: Queryable, waits: readonly EnteredWait[]): Promise<void> {
  if (waits.length === 0) return;
}
