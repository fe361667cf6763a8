/** The cluster of a folder, looked at from outside: nothing is started, made or changed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The port of `postmaster.pid` is on line 4 (PostgreSQL documentation, "Database File Layout"). */
const PORT_LINE = 3;

export interface FoundCluster {
  /** Of the superuser, for a database of that name, which need not be there. Absent: the server does not run. */
  readonly url?: (database: string) => string;
}

/** Undefined: no cluster was ever made in the folder. Throws what the file system says of a password that may not be read. */
export function findEmbeddedPostgres(folder: string): FoundCluster | undefined {
  const data = join(folder, 'data');
  if (!existsSync(join(data, 'PG_VERSION'))) return undefined;
  const pidFile = join(data, 'postmaster.pid');
  // Gone after a clean stop; left behind by a machine that went down.
  const lines = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n') : [];
  const [pid, port] = [Number(lines[0]), Number(lines[PORT_LINE])];
  if (!(pid > 0 && port > 0 && isAlive(pid))) return {};
  const password = readFileSync(join(folder, 'password'), 'utf8').trim();
  return { url: (database) => `postgres://headrace:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}` };
}

/** Of another user, too: who may not signal it has found it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
