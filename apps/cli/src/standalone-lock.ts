/** One standalone a home: two would fight over its files. A lock left by a killed process is taken over. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

class HomeInUseError extends Error {
  readonly code = 'HR_HOME_IN_USE';
  constructor(home: string, pid: number) {
    super(`Another headrace (process ${pid}) is using ${home}: stop it, or set HEADRACE_HOME to another folder`);
    this.name = 'HomeInUseError';
  }
}

/** Answers with what gives the home free again. Throws HomeInUseError. */
export function lockHome(home: string): () => void {
  const file = join(home, 'standalone.pid');
  const holder = holderOf(file);
  if (holder !== undefined && holder !== process.pid && isAlive(holder)) throw new HomeInUseError(home, holder);
  writeFileSync(file, `${process.pid}\n`);
  return () => {
    if (holderOf(file) === process.pid) rmSync(file, { force: true });
  };
}

/** The process that uses the home; undefined: none does. */
export function standaloneOf(home: string): number | undefined {
  const holder = holderOf(join(home, 'standalone.pid'));
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A pid may have gone to some other program meanwhile: where the system tells, it must be a Node process. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('standalone');
  } catch {
    return true;
  }
}
