/** Installs server packages on the Debian machines on which the tests run as root (containers, CI). Elsewhere it does nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Whether `apt-get install` of these packages was possible and went well.
 * The package lists are fetched only when the first try shows that they are missing or too old.
 */
export function installDebianPackages(packages: readonly string[]): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  process.stderr.write(`installing ${packages.join(', ')} with apt-get\n`);
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  return aptGet(install) || (aptGet(['update']) && aptGet(install));
}

function aptGet(args: readonly string[]): boolean {
  const run = spawnSync('apt-get', ['-q', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return run.status === 0;
}
