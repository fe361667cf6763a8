/** What tasks read and wrote: loads, and checks of rows. */
import type { DataCheck, DataLoad } from '@headrace/api-contract';
import { bytesText } from '@headrace/core';
import { type Command, Option } from 'commander';
import { openSession } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import type { Terminal } from '../terminal.ts';

const PAGE = 100;

interface FilterOptions {
  readonly dag?: string;
  readonly run?: string;
  readonly task?: string;
  readonly connection?: string;
  readonly table?: string;
  readonly partition?: string;
  readonly since?: string;
  readonly limit: string;
}

export function addDataReportCommands(program: Command, terminal: Terminal): void {
  const loads = program.command('loads').description('what tasks read and wrote');
  withFilters(loads.command('list').description('the newest loads, with their rows'))
    .option('--quarantined', 'only those that kept rows aside')
    .option('--drifted', 'only those whose rows differed from their table')
    .action(async (options: FilterOptions & { quarantined?: boolean; drifted?: boolean }, command: Command) => {
      const session = await openSession(command, terminal);
      const { quarantined, drifted, since } = options;
      const query = { ...queryOf(options), quarantined, drifted, committed_at_gte: since };
      const found = await pages(limitOf(options), async (page) => {
        const answer = await session.client.loads({ ...query, ...page });
        return { items: answer.loads, next: answer.next_cursor };
      });
      show(session, { loads: found }, () => loadTable(found));
    });
  const quarantine = program.command('quarantine').description('rows that loads have put aside');
  withFilters(quarantine.command('list').description('the newest loads that kept rows aside')).action(
    async (options: FilterOptions, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await pages(limitOf(options), async (page) => {
        const answer = await session.client.loads({ ...queryOf(options), committed_at_gte: options.since, quarantined: true, ...page });
        return { items: answer.loads, next: answer.next_cursor };
      });
      show(session, { loads: found }, () => loadTable(found));
    },
  );

  loads
    .command('latest')
    .description('the newest load of each partition of a table')
    .argument('<connection>')
    .argument('<table>')
    .option('-n, --limit <number>', 'how many', '100')
    .action(async (connection: string, table: string, options: { limit: string }, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await pages(limitOf(options), async (page) => {
        const answer = await session.client.latestLoads(connection, table, page);
        return { items: answer.loads, next: answer.next_cursor };
      });
      show(session, { loads: found }, () => loadTable(found));
    });

  const checks = program.command('checks').description('what checks of rows found');
  withFilters(checks.command('list').description('the newest checks'))
    .option('--failed', 'only those that failed')
    .option('--name <check>', 'only these: not_null, unique …')
    .action(async (options: FilterOptions & { failed?: boolean; name?: string }, command: Command) => {
      const session = await openSession(command, terminal);
      const query = {
        ...queryOf(options),
        ok: options.failed === true ? false : undefined,
        name: options.name,
        checked_at_gte: options.since,
      };
      const found = await pages(limitOf(options), async (page) => {
        const answer = await session.client.checks({ ...query, ...page });
        return { items: answer.checks, next: answer.next_cursor };
      });
      show(session, { checks: found }, () => checkTable(found));
    });
}

function withFilters(command: Command): Command {
  return command
    .option('--dag <id>')
    .option('--run <id>')
    .option('--task <id>')
    .option('--connection <id>')
    .option('--table <name>', 'the table, or the path of the file')
    .option('--partition <folders>', 'as in the path of the table: day=2017-06-19/')
    .addOption(new Option('--since <time>', 'not older than this, e.g. 2024-05-01T00:00:00Z'))
    .option('-n, --limit <number>', 'how many', '25');
}

function queryOf({ dag, run, task, connection, table, partition }: FilterOptions) {
  return { dag_id: dag, dag_run_id: run, task_id: task, connection_id: connection, table, partition };
}

function limitOf({ limit }: { readonly limit: string }): number {
  const wanted = Number(limit);
  if (!Number.isInteger(wanted) || wanted < 1) throw new UsageError(`--limit must be a number from 1, not "${limit}"`);
  return wanted;
}

async function pages<Item>(
  wanted: number,
  ask: (page: {
    readonly limit: number;
    readonly cursor?: string;
  }) => Promise<{ readonly items: readonly Item[]; readonly next: string | null }>,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  for (let cursor: string | null | undefined; cursor !== null && found.length < wanted; ) {
    const { items, next }: { readonly items: readonly Item[]; readonly next: string | null } = await ask({
      limit: Math.min(PAGE, wanted - found.length),
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...items);
    cursor = next;
  }
  return found;
}

function loadTable(loads: readonly DataLoad[]): string {
  if (loads.length === 0) return 'There are no such loads\n';
  const rows = loads.map((load) => [
    formatInstant(load.committed_at),
    `${load.dag_id}.${load.task_id}${load.map_index < 0 ? '' : `[${load.map_index}]`}`,
    `${load.connection_id}:${load.kind === 'package' ? load.table.slice(0, 12) : load.table}`,
    partitionOf(load.partition),
    load.disposition,
    load.rows_in,
    load.unchanged ? `${load.rows_out} (unchanged)` : load.rows_out,
    load.rows_deduplicated,
    load.rows_quarantined,
    load.bytes === null ? '' : bytesText(load.bytes),
    load.checks === 0 ? '' : `${load.checks - load.checks_failed}/${load.checks} ok`,
    load.drift.length === 0 ? '' : load.drift.map(driftText).join(', '),
  ]);
  return formatTable(['at', 'task', 'where', 'partition', 'how', 'in', 'out', 'doubled', 'aside', 'size', 'checks', 'drift'], rows);
}

function driftText({ change, column, action }: Readonly<Record<string, unknown>>): string {
  return `${change}${column === undefined ? '' : ` ${column}`} (${action})`;
}

function checkTable(checks: readonly DataCheck[]): string {
  if (checks.length === 0) return 'There are no such checks\n';
  const rows = checks.map((check) => [
    formatInstant(check.checked_at),
    `${check.dag_id}.${check.task_id}${check.map_index < 0 ? '' : `[${check.map_index}]`}`,
    `${check.connection_id}:${check.table}`,
    partitionOf(check.partition),
    `${check.name}${check.columns.length === 0 ? '' : `(${check.columns.join(', ')})`}`,
    check.ok ? 'ok' : check.severity,
    check.count,
    check.samples.join('; '),
  ]);
  return formatTable(['at', 'task', 'where', 'partition', 'check', 'result', 'rows', 'for example'], rows);
}

function partitionOf(partition: Readonly<Record<string, string>>): string {
  return Object.entries(partition)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
