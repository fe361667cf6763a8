import type { PoolResponse } from '@headrace/api-contract';
import { ApiError } from '@headrace/client';
import type { Command } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { addPoolFileCommands } from './pool-files.ts';

const PAGE = 100;

interface SetOptions {
  readonly description?: string;
  readonly includeDeferred?: boolean;
}

export function addPoolCommands(program: Command, terminal: Terminal): void {
  const pools = program.command('pools').description('see, create, resize and delete pools of slots');

  pools
    .command('list')
    .description('all pools and what is in use of them')
    .action(async (_, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await allPools(session);
      show(session, { pools: found, total_entries: found.length }, () => describePools(found));
    });

  pools
    .command('set')
    .description('create a pool, or change its number of slots; what is running is not stopped')
    .argument('<name>')
    .argument('<slots>', 'how many; "unlimited" for as many as are asked for')
    .option('--description <text>', 'what it is for')
    .option('--include-deferred', 'deferred tasks hold their slots, too')
    .option('--no-include-deferred', 'deferred tasks give their slots to others')
    .action(async (name: string, given: string, options: SetOptions, command: Command) => {
      const slots = slotsOf(given);
      const session = await openSession(command, terminal);
      const pool = await setPool(session, name, slots, options);
      show(session, pool, () => describePools([pool]));
    });

  pools
    .command('delete')
    .description('delete a pool; tasks that name it wait until there is one of its name again')
    .argument('<name>')
    .action(async (name: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      await session.client.deletePool(name);
      show(session, { deleted: name }, () => `Pool ${name} is deleted\n`);
    });

  addPoolFileCommands(pools, terminal, allPools);
}

async function allPools({ client }: Session): Promise<readonly PoolResponse[]> {
  const found: PoolResponse[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await client.pools({ limit: PAGE, offset: found.length });
    found.push(...page.pools);
    total = page.pools.length === 0 ? 0 : page.total_entries;
  }
  return found;
}

async function setPool({ client }: Session, name: string, slots: number, options: SetOptions): Promise<PoolResponse> {
  const { description, includeDeferred } = options;
  const change = {
    slots,
    ...(description === undefined ? {} : { description }),
    ...(includeDeferred === undefined ? {} : { include_deferred: includeDeferred }),
  };
  try {
    return await client.patchPool(name, change);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'HR_POOL_NOT_FOUND') throw error;
    return client.createPool({ name, ...change });
  }
}

function slotsOf(given: string): number {
  if (given === 'unlimited') return -1;
  if (!/^\d+$/.test(given)) throw new UsageError(`<slots> must be a number from 0, or "unlimited", not "${given}"`);
  return Number(given);
}

function describePools(pools: readonly PoolResponse[]): string {
  const rows = pools.map((pool) => [
    pool.name,
    pool.slots === -1 ? 'unlimited' : pool.slots,
    pool.running_slots,
    pool.queued_slots,
    pool.include_deferred ? pool.deferred_slots : `${pool.deferred_slots} (not counted)`,
    pool.slots === -1 ? '' : pool.open_slots,
    pool.scheduled_slots,
    pool.description,
  ]);
  return formatTable(['pool', 'slots', 'running', 'queued', 'deferred', 'free', 'waiting', 'description'], rows);
}
