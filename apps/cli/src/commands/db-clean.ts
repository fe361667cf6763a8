/** What housekeeping does by the settings, now, and by other measures if asked: counted first, with `--dry-run`. */
import { forService, loadConfiguration, secretsOf } from '@headrace/configuration';
import type { Removed, RetentionPolicy } from '@headrace/engine';
import { RETENTION_KINDS, type RetentionKind } from '@headrace/ports';
import type { Command } from 'commander';
import { audited } from '../audited-command.ts';
import { UsageError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

interface CleanOptions {
  readonly before?: string;
  readonly keep?: string;
  readonly only?: string;
  readonly dryRun?: boolean;
}

export function addDatabaseCleanCommand(db: Command, terminal: Terminal): void {
  db.command('clean')
    .description('remove what is older than the settings want it kept (HEADRACE_RETAIN_…), as schedulers do; safe while Headrace runs')
    .option('--before <time>', 'what ended before this date or instant, whatever the settings say; logs and results go with their runs')
    .option('--keep <runs>', 'how many of the newest runs of each DAG stay, whatever their age')
    .option('--only <kinds>', `of these alone, separated by commas: ${RETENTION_KINDS.join(', ')}`)
    .option('--dry-run', 'show what would go, and change nothing')
    .action(async (options: CleanOptions, command: Command) => {
      const configuration = forService(await loadConfiguration({ env: terminal.env }));
      const [{ createStore }, { cleanUp }, { createObjectStore }, { runObjectsPrefix }, { retentionPolicy }, { createLog }] =
        await Promise.all([
          import('@headrace/store-postgres'),
          import('@headrace/engine'),
          import('@headrace/objects'),
          import('@headrace/task-runtime'),
          import('@headrace/scheduler-app'),
          import('@headrace/telemetry'),
        ]);
      const log = createLog({
        name: 'clean',
        level: 'warn',
        pretty: true,
        destination: terminal.stderr,
        secrets: secretsOf(configuration),
      });
      const store = createStore({ url: configuration.databaseUrl, log, poolSize: 2, applicationName: 'headrace-clean' });
      try {
        await store.checkSchema();
        const now = await store.scheduler.now();
        const policy = policyOf(options, retentionPolicy(configuration), now);
        const clean = () =>
          cleanUp({
            store: store.retention,
            policy,
            now,
            objects: createObjectStore(configuration.objects),
            objectsOf: runObjectsPrefix,
            dryRun: options.dryRun === true,
          });
        const parameters = Object.fromEntries(Object.entries(options));
        const about = { action: 'db_clean', object: 'system', parameters };
        const removed = await (options.dryRun === true ? clean() : audited(store.audit, about, clean));
        if (removed === undefined) throw new Error('Another process cleans the database just now. Try again when it is done');
        const document = { dry_run: options.dryRun === true, removed };
        show({ output: outputOf(command), terminal }, document, () => describe(removed, options.dryRun === true));
      } finally {
        await store.close();
      }
    });
}

/** Throws UsageError. */
function policyOf({ before, keep, only }: CleanOptions, settings: RetentionPolicy, now: number): RetentionPolicy {
  const kinds = only === undefined ? undefined : kindsOf(only);
  const keepRuns = keep === undefined ? settings.keepRuns : countOf(keep);
  const limit = before === undefined ? undefined : now - instantOf(before);
  const chosen = RETENTION_KINDS.filter((kind) => kinds?.includes(kind) ?? (limit === undefined || !OF_RUNS.has(kind)));
  const keepFor = chosen.flatMap((kind) => {
    const keptFor = limit ?? settings.keepFor[kind];
    return keptFor === undefined ? [] : [[kind, keptFor] as const];
  });
  return { ...settings, keepRuns, keepFor: Object.fromEntries(keepFor) };
}

/** Before an instant, they go with their runs, unless they are named. */
const OF_RUNS: ReadonlySet<RetentionKind> = new Set(['logs', 'results']);

function kindsOf(text: string): readonly RetentionKind[] {
  return text.split(',').map((word) => {
    const kind = RETENTION_KINDS.find((one) => one === word.trim());
    if (kind === undefined) throw new UsageError(`--only: there is no "${word.trim()}"; there are ${RETENTION_KINDS.join(', ')}`);
    return kind;
  });
}

function countOf(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`--keep must be a number of runs, not "${text}"`);
  return Number(text);
}

function instantOf(text: string): number {
  const instant = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant))
    throw new UsageError(`--before must be a date or an instant like 2026-01-31 or 2026-01-31T06:00:00Z, not "${text}"`);
  return instant;
}

function describe(removed: Removed, dryRun: boolean): string {
  const rows = Object.entries(removed).filter(([, count]) => count > 0);
  if (rows.length === 0) return dryRun ? 'Nothing would be removed\n' : 'Nothing was to be removed\n';
  return formatTable(
    [dryRun ? 'would go' : 'removed', 'rows'],
    rows.map(([kind, count]) => [kind.replaceAll('_', ' '), count]),
  );
}
