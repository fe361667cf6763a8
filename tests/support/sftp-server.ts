/** An SFTP server of the tests' own: OpenSSH's sshd, on loopback, with keys and a configuration made for it, which lets in one user by one key. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { installDebianPackages } from './debian-packages.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

export interface SftpServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `SHA256:…` of the host key. */
  readonly hostKey: string;
  /** The private key that is let in. */
  readonly privateKey: Buffer;
  /** The file that holds it. */
  readonly privateKeyFile: string;
  /** A folder of the server, where tests may write. */
  readonly folder: string;
  /** `sftp://user@host:port<folder><path>?privateKey=…&hostKey=…`. */
  url(path: string): string;
  /** Cuts every connection, as a network does. The server goes on. */
  cut(): void;
  /** Ends it and removes its data. May be called twice. */
  stop(): Promise<void>;
}

export interface SftpOptions {
  /** Refuses everything that would change a file. */
  readonly readOnly?: boolean;
  /** Refuses to make a file longer, in KiB, as a quota does. */
  readonly quotaKib?: number;
}

/** Starts a server on a free port and resolves when it takes connections. Rejects with what to install, or with its log. */
export async function startSftp({ readOnly = false, quotaKib }: SftpOptions = {}): Promise<SftpServer> {
  const sshd = sshdBinary();
  const folder = mkdtempSync(join(tmpdir(), 'headrace-sftp-'));
  // Where sshd, started as root, puts the part of itself that has no rights.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const [hostKey, userKey, data] = [join(folder, 'host_key'), join(folder, 'user_key'), join(folder, 'data')];
  mkdirSync(data);
  for (const key of [hostKey, userKey]) run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(`${userKey}.pub`), { mode: 0o600 });
  const port = await freePort();
  const configuration = join(folder, 'sshd_config');
  writeFileSync(
    configuration,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `PidFile ${join(folder, 'sshd.pid')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'UsePAM no',
      // The folder for temporary files belongs to everybody.
      'StrictModes no',
      'MaxStartups 100',
      'MaxSessions 100',
      'Subsystem sftp internal-sftp',
      `ForceCommand internal-sftp${readOnly ? ' -R' : ''}`,
    ].join('\n'),
  );
  const args = ['-D', '-e', '-f', configuration];
  // Without the trap the signal would end it before the write could fail. In blocks of 1024 bytes.
  const limited = ['-c', `trap '' XFSZ; ulimit -f ${quotaKib}; exec "$0" "$@"`, sshd, ...args];
  const server = new ServerProcess({
    ...(quotaKib === undefined ? { command: sshd, args } : { command: 'bash', args: limited }),
    cwd: folder,
    onOrphaned: 'TERM',
  });
  if (!(await server.waitUntil(() => answers(port)))) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`sshd did not start:\n${server.output}`);
  }
  const privateKey = readFileSync(userKey);
  const user = userInfo().username;
  const fingerprint = /SHA256:\S+/.exec(run('ssh-keygen', ['-l', '-E', 'sha256', '-f', `${hostKey}.pub`]))?.[0] ?? '';
  return {
    host: '127.0.0.1',
    port,
    user,
    hostKey: fingerprint,
    privateKey,
    privateKeyFile: userKey,
    folder: data,
    url(path) {
      const settings = new URLSearchParams({ privateKey: privateKey.toString('base64'), hostKey: fingerprint });
      return `sftp://${user}@127.0.0.1:${port}${data}${path}?${settings}`;
    },
    cut() {
      killDescendants(server.pid);
    },
    async stop() {
      if (server.running) killDescendants(server.pid);
      await server.end('SIGTERM');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** sshd runs every connection in a process of its own, which runs another one. */
function killDescendants(pid: number): void {
  for (const child of descendants(pid)) {
    try {
      process.kill(child, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

function descendants(pid: number): readonly number[] {
  const listed = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).stdout ?? '';
  const parents = listed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const below = (parent: number): number[] => parents.filter(([, of]) => of === parent).flatMap(([child]) => [...below(child), child]);
  return below(pid);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function sshdBinary(): string {
  const found = installedSshd() ?? (installDebianPackages(['openssh-server', 'openssh-client']) ? installedSshd() : undefined);
  if (found === undefined)
    throw new Error("OpenSSH's sshd is not installed: install it (Debian: apt-get install openssh-server; macOS has it)");
  return found;
}

function installedSshd(): string | undefined {
  return ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return stdout;
}
