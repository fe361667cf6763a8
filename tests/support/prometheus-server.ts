/** The real Prometheus, and its promtool: Debian's package where the tests run as root, else whatever is on the PATH. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installDebianPackages } from './debian-packages.ts';
import { freePort } from './free-port.ts';
import { ServerProcess } from './server-process.ts';

export interface PrometheusServer {
  readonly url: string;
  /** The value of an instant query that has one series; undefined when it has none. Rejects when it has several. */
  value(expr: string): Promise<number | undefined>;
  /** All series of an instant query. */
  series(expr: string): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]>;
  /** Any path of its HTTP API. */
  ask(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a server with this configuration (YAML) and resolves when it is ready. */
export async function startPrometheus(configuration: string): Promise<PrometheusServer> {
  const command = prometheusBinary('prometheus');
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'headrace-prometheus-'));
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(folder, 'prometheus.yml'), configuration);
  const server = new ServerProcess({
    command,
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--storage.tsdb.min-block-duration=2h',
    ],
    cwd: folder,
    onOrphaned: 'TERM',
  });
  const stop = async (): Promise<void> => {
    await server.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  if (!(await server.waitUntil(async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true))) {
    await stop();
    throw new Error(`prometheus did not start:\n${server.output}`);
  }

  async function ask(path: string): Promise<unknown> {
    const answer = (await (await fetch(`${url}${path}`)).json()) as { status: string; data: unknown; error?: string };
    if (answer.status !== 'success') throw new Error(`Prometheus refuses ${path}: ${answer.error}`);
    return answer.data;
  }

  async function series(expr: string) {
    const { result } = (await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as {
      result: { metric: Record<string, string>; value: [number, string] }[];
    };
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  return {
    url,
    ask,
    series,
    async value(expr) {
      const found = await series(expr);
      if (found.length > 1) throw new Error(`${expr} has ${found.length} series`);
      return found[0]?.value;
    },
    stop,
  };
}

/** Runs promtool. Answers with what it wrote, and whether it was content. */
export function promtool(args: readonly string[], cwd: string): Promise<{ readonly ok: boolean; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(prometheusBinary('promtool'), args, { cwd }, (error, stdout, stderr) =>
      resolve({ ok: error === null, output: stdout + stderr }),
    );
  });
}

function prometheusBinary(name: 'prometheus' | 'promtool'): string {
  const isThere = (): boolean => spawnSync(name, ['--version']).status === 0;
  if (isThere() || (installDebianPackages(['prometheus']) && isThere())) return name;
  throw new Error(`${name} is not installed: install Prometheus (Debian: apt-get install prometheus; macOS: brew install prometheus)`);
}
