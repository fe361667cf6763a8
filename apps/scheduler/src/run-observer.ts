/** Who is told of what becomes of runs, as configured: lineage, and traces. */
import type { ServiceConfiguration } from '@headrace/configuration';
import type { RunObserver } from '@headrace/engine';
import { configuredLineage, createRunLineage } from '@headrace/lineage';
import type { Log, NoticeStore } from '@headrace/ports';

/** Undefined: nobody. */
export function configuredRunObserver(configuration: ServiceConfiguration, store: Pick<NoticeStore, 'tell'>, log: Log): RunObserver | undefined {
  const lineage = configuredLineage(configuration);
  return lineage === undefined ? undefined : createRunLineage(lineage.events, store, log);
}
