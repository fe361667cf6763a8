/**
 * One SSH connection with SFTP on it, opened when it is first needed.
 *
 * S1. A host whose key is not the pinned one gets neither a password nor a request.
 * S2. A connection that is lost fails what is under way, and the next request opens a new one.
 */
import { createHash } from 'node:crypto';
import { DataError } from '@headrace/dataplane';
import { Client, type FileEntry, type SFTPWrapper } from 'ssh2';
import type { SftpSettings } from './sftp-settings.ts';

const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;
const FAILURE = 4;
const SILENCE_MS = 15_000;

/** Connections whose host key nobody checks, and about which that was said. */
const warned = new Set<string>();

export interface SftpSession {
  /** Runs one request. Errors are DataErrors that say what was tried; a missing file is one that `isMissing` knows. */
  ask<T>(what: string, request: (sftp: SFTPWrapper, done: (error: Error | null | undefined, value: T) => void) => void): Promise<T>;
  close(): void;
}

export type { FileEntry };

export function openSftpSession(settings: SftpSettings): SftpSession {
  let current: Promise<{ readonly client: Client; readonly sftp: SFTPWrapper }> | undefined;
  const where = `SFTP at ${settings.host}:${settings.port} (connection "${settings.id}")`;

  function connected(): NonNullable<typeof current> {
    if (current !== undefined) return current;
    const opening = connect(settings, where, () => {
      if (current === opening) current = undefined;
    });
    current = opening;
    opening.catch(() => {
      if (current === opening) current = undefined;
    });
    return opening;
  }

  return {
    async ask(what, request) {
      const { sftp, client } = await connected();
      return new Promise((resolve, reject) => {
        // A request that is under way when the connection ends would never be answered.
        const lost = (): void => reject(lostError(what, where));
        client.once('close', lost);
        const settle = (use: () => void): void => {
          client.off('close', lost);
          use();
        };
        try {
          request(sftp, (error, value) => settle(() => (error ? reject(requestError(error, what, where)) : resolve(value))));
        } catch (error) {
          settle(() => reject(requestError(error as Error, what, where)));
        }
      });
    },
    close() {
      current?.then(
        ({ client }) => client.end(),
        () => {},
      );
      current = undefined;
    },
  };
}

/** Whether a request failed because there is no such file. */
export function isMissing(error: unknown): boolean {
  return statusOf(error) === NO_SUCH_FILE;
}

/** Whether a request failed for a reason that SFTP has no name for: something is there already, the disk is full. */
export function isFailure(error: unknown): boolean {
  return statusOf(error) === FAILURE;
}

function statusOf(error: unknown): unknown {
  return ((error as DataError).cause as { readonly code?: unknown } | undefined)?.code;
}

function connect(
  settings: SftpSettings,
  where: string,
  onLost: () => void,
): Promise<{ readonly client: Client; readonly sftp: SFTPWrapper }> {
  const { id, host, port, username, password, privateKey, passphrase, hostKey } = settings;
  return new Promise((resolve, reject) => {
    const client = new Client();
    // Many requests of one file wait for the end of the connection at the same time.
    client.setMaxListeners(0);
    let shown: string | undefined;
    const fail = (error: Error): void => {
      client.destroy();
      reject(connectionError(error, settings, where, shown));
    };
    client.on('error', fail);
    client.on('close', () => {
      onLost();
      fail(new Error('the server closed the connection'));
    });
    client.on('ready', () => {
      // Requests are small and wait for each other.
      client.setNoDelay(true);
      client.sftp((error, sftp) => (error ? fail(error) : resolve({ client, sftp })));
    });
    try {
      client.connect({
        host,
        port,
        username,
        readyTimeout: 20_000,
        keepaliveInterval: SILENCE_MS,
        keepaliveCountMax: 4,
        ...(password === undefined ? {} : { password }),
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(passphrase === undefined ? {} : { passphrase }),
        hostVerifier(key: Buffer) {
          shown = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
          if (hostKey === undefined) warnUnchecked(id, host, shown);
          return hostKey === undefined || hostKey === shown;
        },
      });
    } catch (error) {
      fail(error as Error);
    }
  });
}

function warnUnchecked(id: string, host: string, shown: string): void {
  if (warned.has(id)) return;
  warned.add(id);
  process.emitWarning(
    `Connection "${id}" does not say which host key ${host} must have, so anybody on the way could read what it sends. The key is now ${shown}: when that is right, add hostKey=${encodeURIComponent(shown)} to the connection's URL`,
    { code: 'HR_HOST_KEY_UNCHECKED' },
  );
}

function connectionError(error: Error, { hostKey, username }: SftpSettings, where: string, shown: string | undefined): DataError {
  const { level, code } = error as { readonly level?: string; readonly code?: string };
  if (hostKey !== undefined && shown !== undefined && shown !== hostKey) {
    return new DataError(
      'HR_HOST_KEY_CHANGED',
      `${where} has the host key ${shown}, and not ${hostKey} as the connection says. Nothing was sent: ask the server's owner whether the key was changed`,
    );
  }
  if (level === 'client-authentication')
    return new DataError('HR_LOGIN_REFUSED', `${where} refused the login of user "${username}": check the user, the password or the key`);
  if (/private ?key|passphrase|Unsupported key format/i.test(error.message))
    return new DataError(
      'HR_CONNECTION_URL',
      `${where}: the privateKey cannot be used: ${error.message}. It must be an OpenSSH or PEM key, in base64, with its passphrase if it has one`,
    );
  return new DataError(
    'HR_CONNECTION_FAILED',
    `Cannot reach ${where}: ${code ?? error.message}. Check the host, the port and that the server runs`,
    { cause: error, retryable: true },
  );
}

function requestError(error: Error, what: string, where: string): DataError {
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  if (code === PERMISSION_DENIED) {
    return new DataError(
      'HR_STORAGE_REFUSED',
      `${where} refused to ${what}: permission denied. Check the rights of the connection's user on the server`,
      { cause: error },
    );
  }
  if (typeof code !== 'number' || code > 5) return lostError(what, where, error);
  return new DataError('HR_STORAGE_FAILED', `${where} could not ${what}: ${message}`, { cause: error, retryable: true });
}

function lostError(what: string, where: string, cause?: Error): DataError {
  const unsupported = cause !== undefined && /does not support/.test(cause.message);
  if (unsupported) return new DataError('HR_STORAGE_UNSUPPORTED', `${where} cannot ${what}: ${cause.message}`, { cause });
  return new DataError('HR_CONNECTION_LOST', `${where}: the connection was lost while it was to ${what}`, {
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
