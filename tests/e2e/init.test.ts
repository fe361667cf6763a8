/**
 * A new project, made and run with our packages as they are published, outside of the repository.
 *
 * The packages of others are those that are installed here, so that no registry is asked. The same from tarballs and a registry, as on a
 * machine that has nothing but Node (75 s of processor time, and what the registry takes):
 *
 *     HEADRACE_TEST_INSTALL=1 npm test -- tests/e2e/init.test.ts
 */
import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TOOL_VERSIONS } from '../../apps/cli/src/init/project-manifest.ts';
import { freePort } from '../support/free-port.ts';
import { type InstalledPackage, installPackages } from '../support/installed-packages.ts';
import { until } from '../support/poll.ts';
import { ServerProcess } from '../support/server-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'headrace-installed-')));
});

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Nothing of ours, and the Node that runs this. */
function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { HOME = folder, TMPDIR = tmpdir(), PATH = '' } = process.env;
  return { PATH: `${dirname(process.execPath)}${delimiter}${PATH}`, HOME, TMPDIR, ...more };
}

/** How this machine reaches a registry: whose certificates it trusts, through which proxy, and which registry. */
const NETWORK =
  /^(https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_(file|dir)|npm_config_(registry|cafile|proxy|https_proxy|noproxy|userconfig|globalconfig))$/i;

function network(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value && NETWORK.test(name) ? [[name, value]] : [])));
}

interface Project {
  readonly folder: string;
  /** `node_modules/headrace/dist/main.js` of whoever runs it. */
  readonly main: string;
}

async function headrace({ folder: cwd, main }: Project, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  return (await run(process.execPath, [main, ...args], { cwd, env: environment(more), maxBuffer: 1 << 26 })).stdout;
}

/** Standalone, a run that succeeds, and the end of standalone. */
async function runsItsExample(project: Project): Promise<void> {
  const port = String(await freePort());
  const server = new ServerProcess({
    command: process.execPath,
    args: [project.main, 'start'],
    cwd: project.folder,
    env: environment({ HEADRACE_PORT: port, HEADRACE_LOG_LEVEL: 'warn', HEADRACE_WORKER_SLOTS: '2' }),
    onOrphaned: 'TERM',
  });
  try {
    if (!(await server.waitUntil(async () => server.output.includes('headrace standalone ready')))) throw new Error(server.output);
    const ask = (...args: string[]) => headrace(project, args, { HEADRACE_PORT: port });
    await until('the DAG of the project', async () => JSON.parse(await ask('dags', 'list', '-o', 'json')).dags[0]);
    const ended = JSON.parse(await ask('dags', 'trigger', 'sales', '--wait', '-o', 'json'));
    expect(ended).toMatchObject({ dag_id: 'sales', state: 'success' });
    expect(readFileSync(join(project.folder, 'reports/revenue-by-city.csv'), 'utf8')).toBe(
      'city,orders,revenue\nOslo,3,167.75\nBerlin,3,104.50\nLisbon,2,82.24\n',
    );
  } finally {
    await server.end('SIGTERM');
  }
}

describe('our packages, as they are published', () => {
  let installed: readonly InstalledPackage[];
  let project: Project;

  beforeAll(async () => {
    installed = installPackages(folder);
    project = { folder: join(folder, 'demo'), main: join(folder, 'node_modules/headrace/dist/main.js') };
  });

  test('hold what their manifests name, and need nothing of the repository', () => {
    const names = new Set(installed.map(({ manifest }) => manifest.name));
    for (const { place, folder: at, manifest } of installed) {
      const entries = Object.values(manifest.exports ?? {}).map((entry) => (typeof entry === 'string' ? entry : entry.default));
      for (const file of [...entries, ...Object.values(manifest.bin ?? {}), ...manifest.files])
        expect({ place, file, there: existsSync(join(at, file)) }).toEqual({ place, file, there: true });
      for (const [name, version] of Object.entries(manifest.dependencies ?? {}))
        if (name.startsWith('@headrace/')) expect([name, names.has(name), version]).toEqual([name, true, manifest.version]);
    }
    expect(readdirSync(join(folder, 'node_modules/@headrace/store-postgres/migrations')).sort()).toEqual(
      readdirSync(join(ROOT, 'migrations')).sort(),
    );
  });

  test('import only files that they hold and packages that they name', () => {
    const wrong: string[] = [];
    for (const { folder: at, manifest } of installed) {
      const known = new Set([
        manifest.name,
        ...Object.keys(manifest.dependencies ?? {}),
        ...Object.keys(manifest.optionalDependencies ?? {}),
      ]);
      for (const file of globSync('dist/**/*.js', { cwd: at })) {
        const text = readFileSync(join(at, file), 'utf8');
        for (const [, , specifier = ''] of text.matchAll(/^\s*(import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]/gm)) {
          if (specifier.startsWith('.')) {
            if (!existsSync(resolve(at, dirname(file), specifier))) wrong.push(`${manifest.name}/${file}: ${specifier}`);
          } else if (!isBuiltin(specifier)) {
            const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
            if (!known.has(name)) wrong.push(`${manifest.name}/${file}: ${specifier} is not declared`);
          }
        }
        for (const [, path = ''] of text.matchAll(/(?:import\(|new URL\()\s*['"](\.{1,2}\/[^'"]+|[\w-]+\.(?:ts|js))['"]/g))
          if (!existsSync(resolve(at, dirname(file), path))) wrong.push(`${manifest.name}/${file}: ${path}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('make a project with the tools that Headrace itself is built with', async () => {
    const made = JSON.parse(await headrace({ ...project, folder }, ['init', 'demo', '-o', 'json']));
    expect(made.files).toEqual([
      '.gitignore',
      'README.md',
      'dags/sales.ts',
      'data/orders.csv',
      'headrace.config.ts',
      'jest.config.json',
      'package.json',
      'test/sales.test.ts',
      'tsconfig.json',
    ]);
    const { version, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const manifest = JSON.parse(readFileSync(join(project.folder, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'demo', private: true, dependencies: { headrace: version, '@headrace/sdk': version } });
    expect(Object.keys(TOOL_VERSIONS).map((name) => devDependencies[name])).toEqual(Object.values(TOOL_VERSIONS));
    await expect(headrace({ ...project, folder }, ['init', 'demo'])).rejects.toMatchObject({ code: 2 });
    await headrace({ ...project, folder }, ['init', 'with-docker', '--docker']);
    expect(existsSync(join(folder, 'with-docker/docker-compose.yml'))).toBe(true);
  });

  test('check the project, and run its tests', async () => {
    const checked = JSON.parse(await headrace(project, ['dags', 'check', '--no-types', '-o', 'json']));
    expect(checked).toMatchObject({ dags: 1, errors: 0, warnings: 0 });
    const jest = join(folder, 'node_modules/jest/bin/jest.js');
    const { stdout } = await run(process.execPath, ['--experimental-vm-modules', jest, '--json'], {
      cwd: project.folder,
      env: environment(),
    });
    expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 2, numFailedTests: 0 });
  }, 60_000);

  test('run the project: start, trigger, success, stop', () => runsItsExample(project), 120_000);
});

if (process.env.HEADRACE_TEST_INSTALL === '1') {
  describe('tarballs and a registry, and nothing else', () => {
    test('are enough for a project that runs', async () => {
      const clean = join(folder, 'clean');
      mkdirSync(clean);
      // Nothing that was downloaded before is used.
      const env = environment({ ...network(), npm_config_cache: join(folder, 'npm-cache') });
      const npm = (cwd: string, ...args: string[]) => run('npm', args, { cwd, env, maxBuffer: 1 << 26 });
      await run(process.execPath, [join(ROOT, '.config/pack.ts'), join(clean, 'tarballs')], { env: environment(), maxBuffer: 1 << 26 });
      writeFileSync(join(clean, 'package.json'), JSON.stringify({ private: true }));
      await npm(clean, 'install', '--no-audit', '--no-fund', ...globSync(join(clean, 'tarballs/*.tgz')));
      await run('npx', ['headrace', 'init', 'demo', '--packages', 'tarballs'], { cwd: clean, env });
      const demo = join(clean, 'demo');
      await npm(demo, 'install', '--no-audit', '--no-fund');
      await npm(demo, 'test');
      await npm(demo, 'run', 'typecheck');
      await runsItsExample({ folder: demo, main: join(demo, 'node_modules/headrace/dist/main.js') });
    }, 900_000);
  });
}
