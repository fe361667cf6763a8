/** What a scheduler looks after besides runs. */
import {
  createAssetDuty,
  createBackfillDuty,
  createDeadlineDuty,
  createFreshnessDuty,
  createOverlapDuty,
  createRunCommands,
  createWaitDuty,
  DagVersions,
  type Duty,
} from '@headrace/engine';
import { type Log, type Metrics, systemClock } from '@headrace/ports';
import type { PostgresStore } from '@headrace/store-postgres';

export function schedulerDuties(
  store: Pick<PostgresStore, 'scheduler' | 'commands' | 'assets' | 'backfills' | 'schedules' | 'deadlines' | 'notices' | 'waits'>,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): readonly Duty[] {
  const versions = new DagVersions(store.scheduler);
  const commands = createRunCommands({ store: store.commands, versions, clock: systemClock });
  return [
    createAssetDuty({ store: store.assets, log, metrics }),
    createBackfillDuty({ store: store.backfills, commands, log, metrics }),
    createDeadlineDuty({ store: store.deadlines, versions, metrics }),
    createFreshnessDuty({ deadlines: store.deadlines, assets: store.assets, notices: store.notices, versions, metrics }),
    createOverlapDuty({ store: store.schedules, commands, log }),
    createWaitDuty({ store: store.waits, assets: store.assets, versions, metrics }),
  ];
}
