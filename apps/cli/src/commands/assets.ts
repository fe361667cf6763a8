import type { Asset, AssetEvent, Partition } from '@headrace/api-contract';
import type { HeadraceClient } from '@headrace/client';
import type { Command } from 'commander';
import { openSession } from '../api-connection.ts';
import { NotFoundError, UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import { collectParam, instantOption, mergeParams } from '../params-option.ts';
import type { Terminal } from '../terminal.ts';
import { addQueuedEventCommands } from './queued-events.ts';

const PAGE = 100;
/** As the API has it. */
const MOST_PARTITIONS = 1_000;

interface RangeOptions {
  readonly from?: string;
  readonly until?: string;
  readonly limit: string;
}

interface EmitOptions {
  readonly partition?: string;
  readonly extra?: string;
}

interface MaterializeOptions {
  readonly partition?: string;
  readonly param?: Readonly<Record<string, unknown>>;
  readonly params?: string;
  readonly runId?: string;
}

export function addAssetCommands(program: Command, terminal: Terminal): void {
  const assets = program.command('assets').description('see assets, their events and partitions; make events and have assets made');

  assets
    .command('list')
    .description('all assets, who makes them and who waits for them')
    .option('--all', 'also those that no DAG names any more')
    .action(async (options: { readonly all?: boolean }, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await allAssets(session.client, { only_active: options.all !== true });
      show(session, { assets: found, total_entries: found.length }, () => describeAssets(found));
    });

  assets
    .command('events')
    .description('the newest events, of one asset or of all')
    .argument('[asset]')
    .option('-n, --limit <number>', 'how many', '25')
    .action(async (name: string | undefined, options: { readonly limit: string }, command: Command) => {
      const limit = countOf(options.limit, PAGE);
      const session = await openSession(command, terminal);
      const asset = name === undefined ? {} : { asset_id: (await assetNamed(session.client, name)).id };
      const found = await session.client.assetEvents({ limit, order_by: '-timestamp', ...asset });
      show(session, found, () => describeEvents(found.asset_events));
    });

  assets
    .command('emit')
    .description('make an event from outside, as if a task had made the asset')
    .argument('<asset>')
    .option('--partition <key>', 'of this partition')
    .option('--extra <json>', 'what is told with it; not secret')
    .action(async (name: string, options: EmitOptions, command: Command) => {
      const extra = mergeParams(options.extra, undefined);
      const session = await openSession(command, terminal);
      const asset = await assetNamed(session.client, name);
      const partition = options.partition === undefined ? {} : { partition_key: options.partition };
      const event = await session.client.createAssetEvent({ asset_id: asset.id, extra, ...partition });
      show(session, event, () => `Event ${event.id} of ${name} is made\n`);
    });

  assets
    .command('materialize')
    .description('run the DAG that makes the asset')
    .argument('<asset>')
    .option('--partition <key>', 'make this partition')
    .option('--param <name=value>', 'a param of the run; may be repeated', collectParam)
    .option('--params <json>', 'all params at once')
    .option('--run-id <id>', 'what the run is called')
    .action(async (name: string, options: MaterializeOptions, command: Command) => {
      const conf = mergeParams(options.params, options.param);
      const session = await openSession(command, terminal);
      const asset = await assetNamed(session.client, name);
      const run = await session.client.materializeAsset(asset.id, {
        conf,
        ...(options.partition === undefined ? {} : { partition_key: options.partition }),
        ...(options.runId === undefined ? {} : { dag_run_id: options.runId }),
      });
      show(session, run, () => `${run.dag_id} ${run.dag_run_id} is queued\n`);
    });

  addQueuedEventCommands(assets, terminal, async ({ client }, name) => (await assetNamed(client, name)).id);

  assets
    .command('partitions')
    .description('what each partition of an asset is in')
    .argument('<asset>')
    .option('--from <time>', 'partitions that begin then or later; default: the newest')
    .option('--until <time>', 'partitions that begin before; default: now')
    .option('-n, --limit <number>', 'how many', '30')
    .action(async (name: string, options: RangeOptions, command: Command) => {
      const limit = countOf(options.limit, MOST_PARTITIONS);
      const [from, until] = [instantOption('--from', options.from), instantOption('--until', options.until)];
      const session = await openSession(command, terminal);
      const found = await session.client.assetPartitions(name, { limit, from, until });
      show(session, found, () => describePartitions(found.partitions));
    });

  assets
    .command('add-partitions')
    .description('add keys to the dynamic partitions of an asset')
    .argument('<asset>')
    .argument('<keys...>')
    .option('--dimension <name>', 'which, when several are dynamic')
    .action(async (name: string, keys: string[], options: { readonly dimension?: string }, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await session.client.addPartitions(name, { keys, ...options });
      show(session, found, () => `${name} has ${found.total_entries} keys\n`);
    });

  assets
    .command('remove-partition')
    .description('remove a key of dynamic partitions; its events and runs stay')
    .argument('<asset>')
    .argument('<key>')
    .option('--dimension <name>', 'which, when several are dynamic')
    .action(async (name: string, key: string, options: { readonly dimension?: string }, command: Command) => {
      const session = await openSession(command, terminal);
      await session.client.removePartition(name, key, options.dimension);
      show(session, { removed: key }, () => `${key} is removed from ${name}\n`);
    });
}

function countOf(text: string, most: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw new UsageError(`--limit must be a number from 1 to ${most}, not "${text}"`);
  return count;
}

async function allAssets(client: HeadraceClient, query: Readonly<Record<string, string | boolean>>): Promise<readonly Asset[]> {
  const found: Asset[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await client.assets({ ...query, order_by: 'name', limit: PAGE, offset: found.length });
    found.push(...page.assets);
    total = page.assets.length === 0 ? 0 : page.total_entries;
  }
  return found;
}

async function assetNamed(client: HeadraceClient, name: string): Promise<Asset> {
  const found = await allAssets(client, { name_pattern: name, only_active: false });
  const asset = found.find((one) => one.name === name);
  if (asset !== undefined) return asset;
  const near = found.slice(0, 5).map((one) => `"${one.name}"`);
  throw new NotFoundError(`There is no asset "${name}"${near.length === 0 ? '' : `; there are ${near.join(', ')}`}`);
}

function describeAssets(assets: readonly Asset[]): string {
  if (assets.length === 0) return 'There are no assets\n';
  const rows = assets.map((asset) => [
    asset.name,
    asset.group,
    asset.producing_tasks.map((task) => `${task.dag_id}.${task.task_id}`).join(', '),
    asset.scheduled_dags.map((dag) => dag.dag_id).join(', '),
    formatInstant(asset.last_asset_event?.timestamp),
  ]);
  return formatTable(['asset', 'group', 'made by', 'waited for by', 'last event'], rows);
}

function describeEvents(events: readonly AssetEvent[]): string {
  if (events.length === 0) return 'There are no events\n';
  const rows = events.map((event) => [
    formatInstant(event.timestamp),
    event.name,
    event.partition_key,
    event.source_dag_id === null
      ? `from outside${event.user_name === null ? '' : ` by ${event.user_name}`}`
      : `${event.source_dag_id}.${event.source_task_id}`,
    event.created_dagruns.map((run) => `${run.dag_id} ${run.run_id}`).join(', '),
    Object.keys(event.extra ?? {}).length === 0 ? '' : JSON.stringify(event.extra),
  ]);
  return formatTable(['at', 'asset', 'partition', 'made by', 'led to', 'extra'], rows);
}

function describePartitions(partitions: readonly Partition[]): string {
  if (partitions.length === 0) return 'There are no partitions\n';
  const rows = partitions.map((partition) => [
    partition.partition_key,
    partition.state,
    formatInstant(partition.last_event?.timestamp),
    partition.newest_run === null ? '' : `${partition.newest_run.dag_id} ${partition.newest_run.dag_run_id}`,
  ]);
  return formatTable(['partition', 'state', 'last event', 'newest run'], rows);
}
