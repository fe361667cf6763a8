/** The settings of retention as the engine takes them: milliseconds, and nothing where something is kept for ever. */
import type { Configuration } from '@headrace/configuration';
import type { RetentionPolicy } from '@headrace/engine';
import type { RetentionKind } from '@headrace/ports';

export const DAY_MS = 86_400_000;

export function retentionPolicy(configuration: Configuration): RetentionPolicy {
  const days: Readonly<Record<RetentionKind, number>> = {
    runs: configuration.retainRunsDays,
    logs: configuration.retainLogsDays,
    results: configuration.retainResultsDays,
    notices: configuration.retainNoticesDays,
    data_loads: configuration.retainDataDays,
    data_checks: configuration.retainDataDays,
    asset_events: configuration.retainAssetEventsDays,
    dag_versions: configuration.retainVersionsDays,
    bundles: configuration.retainVersionsDays,
    processes: configuration.retainProcessesDays,
    audit: configuration.retainAuditDays,
  };
  const limited = Object.entries(days).filter(([, limit]) => limit > 0);
  return {
    keepFor: Object.fromEntries(limited.map(([kind, limit]) => [kind, limit * DAY_MS])),
    keepRuns: configuration.retainRunsAtLeast,
    keepVersions: configuration.retainVersionsAtLeast,
  };
}
