/** Packages that extracts have left under a connection's root. */
import type { KeptPackage } from '@headrace/connectors/admin';
import { durationMs } from '@headrace/sdk';
import type { Command } from 'commander';
import { configuredConnection } from '../configured-connection.ts';
import { UsageError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

interface PackageOptions {
  readonly connection: string;
  readonly olderThan?: string;
}

export function addPackageCommands(program: Command, terminal: Terminal): void {
  const packages = program.command('packages').description('what extracts have read, kept as files that any load can read again');
  const command = (name: string, description: string): Command =>
    packages.command(name).description(description).option('--connection <id>', 'the connection under whose root they lie', 'lake');
  const answer = (found: readonly KeptPackage[], own: Command): void => {
    show({ output: outputOf(own), terminal }, { packages: found.map(documentOf), total_entries: found.length }, () => describe(found));
  };

  command('list', 'all packages, oldest first').action(async ({ connection }: PackageOptions, own: Command) => {
    const { listPackages } = await import('@headrace/connectors/admin');
    answer(await listPackages(await configuredConnection(connection, terminal)), own);
  });
  command('clean', 'remove packages that no extract has made for a while; shows what was removed')
    .requiredOption('--older-than <duration>', 'for example 30d')
    .action(async ({ connection, olderThan }: PackageOptions, own: Command) => {
      const madeBefore = Date.now() - ageOf(olderThan);
      const { cleanPackages } = await import('@headrace/connectors/admin');
      answer(await cleanPackages(await configuredConnection(connection, terminal), madeBefore), own);
    });
}

function ageOf(given: string | undefined): number {
  try {
    return durationMs('--older-than', given);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function documentOf({ id, dag, run, task, mapIndex, bytes, keptAt, note }: KeptPackage) {
  return {
    package: id,
    dag_id: dag,
    dag_run_id: run,
    task_id: task,
    map_index: mapIndex ?? -1,
    bytes,
    kept_at: keptAt.toISOString(),
    readable: note !== undefined,
  };
}

function describe(found: readonly KeptPackage[]): string {
  const rows = found.map(({ id, dag, run, task, mapIndex, bytes, keptAt }) => [
    id.slice(0, 12),
    dag,
    run,
    mapIndex === undefined ? task : `${task}[${mapIndex}]`,
    bytes,
    keptAt.toISOString(),
  ]);
  return formatTable(['package', 'dag', 'run', 'task', 'bytes', 'kept at'], rows);
}
