/** What a scheduler looks after besides runs. */
import { createDeadlineDuty, createNoticeDuty, DagVersions, type Duty } from '@headrace/engine';
import type { PostgresStore } from '@headrace/store-postgres';

export function schedulerDuties(store: Pick<PostgresStore, 'scheduler' | 'deadlines' | 'notices'>): readonly Duty[] {
  const versions = new DagVersions(store.scheduler);
  return [createDeadlineDuty({ store: store.deadlines, versions }), createNoticeDuty({ store: store.notices })];
}
