/**
 * The admin token of a Headrace on this machine: made at the first start, read by the API and by the CLI.
 * The file is readable by its owner alone.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TOKEN_BYTES = 32;

/** The token in this home, made if there is none. The folder must be there. */
export function localToken(home: string): string {
  const known = readLocalToken(home);
  if (known !== undefined) {
    chmodSync(tokenFile(home), 0o600);
    return known;
  }
  // Written aside and linked, so that nobody reads half a token and two that start at once agree on one.
  const draft = `${tokenFile(home)}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, tokenFile(home));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(tokenFile(home), 'utf8').trim();
}

/** Undefined: there is none. */
export function readLocalToken(home: string): string | undefined {
  try {
    return readFileSync(tokenFile(home), 'utf8').trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function tokenFile(home: string): string {
  return join(home, 'admin-token');
}
