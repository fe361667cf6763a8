/** What is there for DAGs to use: of a server when there is one, and of the configuration of this machine. */
import { createClient, type HeadraceClient } from '@headrace/client';
import type { Configuration } from '@headrace/configuration';
import type { LintContext } from './lint.ts';

const PAGE = 100;

interface Server {
  readonly url: string;
  readonly token?: string | undefined;
}

/** Without a server nothing is known of pools, and of connections only that some are configured here. */
export async function surroundings(
  server: Server | undefined,
  { workerQueues, connections }: Configuration,
): Promise<Pick<LintContext, 'pools' | 'queues' | 'connections'>> {
  const queues = new Set(workerQueues);
  if (server === undefined) return { queues };
  const client = createClient({ url: server.url, client: 'cli', ...(server.token === undefined ? {} : { token: server.token }) });
  const [pools, kept] = await Promise.all([poolsOf(client), connectionsOf(client)]);
  return { queues, pools, connections: new Set([...kept, ...Object.keys(connections)]) };
}

async function poolsOf(client: HeadraceClient): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (let total = 1; found.size < total; ) {
    const page = await client.pools({ limit: PAGE, offset: found.size });
    for (const { name, slots } of page.pools) found.set(name, slots);
    total = page.pools.length === 0 ? 0 : page.total_entries;
  }
  return found;
}

async function connectionsOf(client: HeadraceClient): Promise<readonly string[]> {
  const found: string[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await client.connections({ limit: PAGE, offset: found.length });
    found.push(...page.connections.map(({ connection_id }) => connection_id));
    total = page.connections.length === 0 ? 0 : page.total_entries;
  }
  return found;
}
