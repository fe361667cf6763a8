import { loadConfiguration } from '@headrace/configuration';
import { UsageError } from './failures.ts';
import type { Terminal } from './terminal.ts';

/** A connection of the configuration, for commands that open it themselves. Throws UsageError. */
export async function configuredConnection(id: string, terminal: Terminal): Promise<{ readonly id: string; readonly url: string }> {
  const { connections } = await loadConfiguration({ env: terminal.env });
  const url = connections[id];
  if (url !== undefined) return { id, url };
  const known = Object.keys(connections).sort().join(', ');
  throw new UsageError(
    `The configuration has no connection "${id}": set HEADRACE_CONN_${id.toUpperCase()} to its URL${known === '' ? '' : `. There are ${known}`}`,
  );
}
