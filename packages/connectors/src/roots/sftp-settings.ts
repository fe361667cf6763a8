/**
 * What an SFTP connection's URL says:
 * `sftp://user:password@host:22/folder?hostKey=SHA256:…`, or with `privateKey=` (base64 of the key file, or its path) and `passphrase=`.
 * The folder is an absolute one of the server; `/~/folder` lies in the user's home.
 */
import { readFileSync } from 'node:fs';
import { DataError } from '@headrace/dataplane';

export interface SftpSettings {
  /** The connection's id. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password?: string;
  readonly privateKey?: Buffer;
  readonly passphrase?: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it, without padding. */
  readonly hostKey?: string;
  /** Absolute without a slash at its end (the root of the server: nothing), or `.` or `./…` for the user's home. */
  readonly folder: string;
}

const KNOWN = ['privateKey', 'passphrase', 'hostKey'];

/** Throws DataError HR_CONNECTION_URL, which never repeats a secret. */
export function sftpSettings(id: string, url: URL): SftpSettings {
  const refuse = (what: string): DataError => new DataError('HR_CONNECTION_URL', `Connection "${id}": ${what}`);
  for (const name of url.searchParams.keys())
    if (!KNOWN.includes(name)) throw refuse(`the setting "${name}" is unknown; known are ${KNOWN.join(', ')}`);
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw refuse('user, password and folder must be encoded as in a URL: write "%" as %25');
    }
  };
  const setting = (name: string): string | undefined => url.searchParams.get(name) || undefined;
  const [username, password, passphrase] = [decode(url.username), decode(url.password), setting('passphrase')];
  const key = setting('privateKey');
  if (url.hostname === '' || username === '') throw refuse('use sftp://user:password@host/folder');
  if (password === '' && key === undefined) throw refuse('it has neither a password nor a privateKey');
  const hostKey = setting('hostKey')?.replaceAll(' ', '+').replace(/=+$/, '');
  if (hostKey !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(hostKey))
    throw refuse('its hostKey is no fingerprint: write SHA256:… as "ssh-keygen -l" prints it');
  const path = decode(url.pathname).replace(/\/+$/, '');
  return {
    id,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || '22'),
    username,
    folder: path.startsWith('/~') ? `.${path.slice(2)}` : path,
    ...(password === '' ? {} : { password }),
    ...(key === undefined ? {} : { privateKey: readKey(key, refuse) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(hostKey === undefined ? {} : { hostKey }),
  };
}

/** A key that is neither is refused by the SSH library, with a message of its own. */
function readKey(text: string, refuse: (what: string) => DataError): Buffer {
  if (!text.startsWith('/')) return Buffer.from(text.replaceAll(' ', '+'), 'base64');
  try {
    return readFileSync(text);
  } catch (error) {
    throw refuse(
      `its privateKey ${text} cannot be read (${(error as NodeJS.ErrnoException).code}); it may also be the key itself, in base64`,
    );
  }
}
