/**
 * The keys that secrets are encrypted with: of the settings, or of the file that standalone made.
 *
 * A key is never made where others may already have encrypted with another one: only standalone, which has its data beside it, makes one.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from './settings.ts';

export interface SecretKeys {
  /** Absent: nothing can be encrypted. */
  readonly current?: string;
  readonly previous: readonly string[];
}

export function secretKeysOf({
  secretKey,
  secretKeyPrevious,
  home,
}: Pick<Configuration, 'secretKey' | 'secretKeyPrevious' | 'home'>): SecretKeys {
  const file = fileOf(home);
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  const current = secretKey ?? (kept === '' ? undefined : kept);
  // Whoever sets a key of their own beside the file goes on reading what was encrypted before.
  const previous = kept === '' || kept === current ? secretKeyPrevious : [...secretKeyPrevious, kept];
  return { previous, ...(current === undefined ? {} : { current }) };
}

/** Makes the file `secret-key` in the folder, if it is not there: 256 random bits that only its owner can read. */
export function makeSecretKey(home: string): void {
  try {
    writeFileSync(fileOf(home), `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function fileOf(home: string): string {
  return join(home, 'secret-key');
}
