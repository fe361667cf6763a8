/** Who is told of what becomes of runs, as configured: lineage, and traces. */
import type { ServiceConfiguration } from '@headrace/configuration';
import { allObservers, type RunObserver } from '@headrace/engine';
import { configuredLineage, createRunLineage } from '@headrace/lineage';
import type { Log, NoticeStore } from '@headrace/ports';
import { createRunTraces, type Tracing } from '@headrace/tracing';

/** Undefined: nobody. */
export function runObserver(
  configuration: ServiceConfiguration,
  tracing: Tracing | undefined,
  { notices, log }: { readonly notices: Pick<NoticeStore, 'tell'>; readonly log: Log },
): RunObserver | undefined {
  const lineage = configuredLineage(configuration);
  const observers: RunObserver[] = [
    ...(lineage === undefined ? [] : [createRunLineage(lineage.events, notices, log)]),
    ...(tracing === undefined ? [] : [createRunTraces(tracing)]),
  ];
  return observers.length === 0 ? undefined : allObservers(observers);
}
