/** What `headrace doctor` looks at without asking a server. */
import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Configuration, loadConfiguration } from '@headrace/configuration';
import type { Terminal } from '../terminal.ts';
import { type Diagnosis, fail, ok, reasonOf, skip, warn } from './diagnosis.ts';

const OLDEST_NODE: readonly [number, number] = [22, 18];
const GIB = 1024 ** 3;
const LITTLE_GIB = 5;
const TOO_LITTLE_GIB = 0.5;

export function diagnoseNode(version: string): Diagnosis {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [least, leastMinor] = OLDEST_NODE;
  if (major < least || (major === least && minor < leastMinor))
    return fail('node', version, `Headrace needs Node ${least}.${leastMinor} or newer: install Node 24`);
  return major % 2 === 1
    ? warn('node', version, 'odd versions of Node are not supported for long: install an even one, such as 24')
    : ok('node', version);
}

/** All problems, each a line of its own. */
export async function diagnoseConfiguration(terminal: Terminal): Promise<{ configuration?: Configuration; lines: readonly Diagnosis[] }> {
  try {
    const configuration = await loadConfiguration({ env: terminal.env });
    return { configuration, lines: [ok('configuration', `home ${configuration.home}, DAGs in ${configuration.dags}`)] };
  } catch (error) {
    const problems = (error as { problems?: readonly string[] }).problems ?? [reasonOf(error)];
    return { lines: problems.map((problem) => fail('configuration', problem, 'docs/configuration.md lists all settings')) };
  }
}

export async function diagnoseDisk(folder: string): Promise<Diagnosis> {
  const stats = await nearestStats(folder).catch(() => undefined);
  if (stats === undefined) return skip('disk', `${folder} cannot be looked at`);
  const free = (stats.bavail * stats.bsize) / GIB;
  const found = `${free.toFixed(1)} GiB free at ${folder}`;
  if (free < TOO_LITTLE_GIB) return fail('disk', found, 'make room: logs, results and the embedded database are kept there');
  return free < LITTLE_GIB ? warn('disk', found, 'make room before it is needed, or set HEADRACE_HOME to another disk') : ok('disk', found);
}

/** A folder that is not there yet will be on the disk of the one above it. */
async function nearestStats(folder: string): Promise<StatsFs> {
  try {
    return await statfs(folder);
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return nearestStats(dirname(folder));
  }
}
