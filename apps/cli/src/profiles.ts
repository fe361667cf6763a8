/**
 * Profiles: the servers that somebody works with, by name, each with its URL and token.
 *
 * P1. They are in `headrace/profiles.json` in the user's configuration folder, readable by its owner alone.
 * P2. Written aside and renamed: whoever reads meanwhile sees the old file or the new one.
 * P3. A token is never shown.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { NotFoundError, UsageError } from './failures.ts';
import type { Terminal } from './terminal.ts';

export interface Profile {
  readonly url: string;
  /** Absent: the server asks for none, or HEADRACE_TOKEN has it. */
  readonly token?: string;
}

export interface Profiles {
  /** The profile that is used when none is named. */
  readonly current?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

type Environment = Terminal['env'];

/** XDG_CONFIG_HOME, else APPDATA on Windows, else `~/.config`. Throws UsageError where there is no home. */
function profilesFile(env: Environment): string {
  const home = env.HOME ?? env.USERPROFILE;
  const folder =
    given(env.XDG_CONFIG_HOME) ?? given(env.APPDATA) ?? (given(home) === undefined ? undefined : join(home as string, '.config'));
  if (folder === undefined) throw new UsageError('Profiles need a home: set HOME or XDG_CONFIG_HOME');
  return join(folder, 'headrace', 'profiles.json');
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** None where there is no file. Throws UsageError for a file that is none of ours. */
export function readProfiles(env: Environment): Profiles {
  if (given(env.XDG_CONFIG_HOME) === undefined && given(env.APPDATA) === undefined && given(env.HOME ?? env.USERPROFILE) === undefined)
    return { profiles: {} };
  const file = profilesFile(env);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} };
    throw error;
  }
  try {
    const { current, profiles } = JSON.parse(text) as Profiles;
    const known = Object.entries(profiles).filter(([, profile]) => typeof profile.url === 'string');
    return { profiles: Object.fromEntries(known), ...(current === undefined ? {} : { current }) };
  } catch {
    throw new UsageError(`${file} is no file of profiles: mend or remove it`);
  }
}

export function writeProfiles(env: Environment, profiles: Profiles): void {
  const file = profilesFile(env);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}

/** Throws NotFoundError with the names that there are. */
export function profileNamed({ profiles }: Profiles, name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile !== undefined) return profile;
  const names = Object.keys(profiles).sort().join(', ');
  throw new NotFoundError(
    `There is no profile "${name}"${names === '' ? ': make one with `headrace profile add`' : `; there are ${names}`}`,
  );
}
