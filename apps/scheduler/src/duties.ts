/** What a scheduler looks after besides runs. */
import { createAssetDuty, createDeadlineDuty, createNoticeDuty, createWaitDuty, DagVersions, type Duty } from '@headrace/engine';
import type { Log, Metrics } from '@headrace/ports';
import type { PostgresStore } from '@headrace/store-postgres';

export function schedulerDuties(
  store: Pick<PostgresStore, 'scheduler' | 'assets' | 'deadlines' | 'notices' | 'waits'>,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): readonly Duty[] {
  const versions = new DagVersions(store.scheduler);
  return [
    createAssetDuty({ store: store.assets, log, metrics }),
    createDeadlineDuty({ store: store.deadlines, versions }),
    createNoticeDuty({ store: store.notices }),
    createWaitDuty({ store: store.waits, assets: store.assets, versions, metrics }),
  ];
}
