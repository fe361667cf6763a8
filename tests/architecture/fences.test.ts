import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROOT, workspacePackages } from './workspace.ts';

interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: { readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[] };
}

const CONFIG = join(ROOT, '.config/dependency-cruiser.mjs');
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
const { default: configuration } = (await import(CONFIG)) as { default: { forbidden: { name: string }[] } };
const packages = workspacePackages();

/** What `npm run fences` sees in the tree at `folder`. */
function cruise(folder: string): Cruise {
  const args = [CRUISER, '--config', CONFIG, '--output-type', 'json', 'packages', 'apps', 'dags'];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 }));
}

type Tree = Readonly<Record<string, string>>;

/** One bad line each, in a file of its own; some need another file to be bad about. */
const VIOLATIONS: Readonly<Record<string, { at: string; line: string; also?: Tree }>> = {
  'core-is-pure': { at: 'packages/core/src/bad.ts', line: "import 'node:fs';" },
  'packages-know-no-app': { at: 'packages/engine/src/app.ts', line: "import '@headrace/worker-app';" },
  'apps-do-not-meet': { at: 'apps/worker/src/bad.ts', line: "import '@headrace/scheduler-app';" },
  'dags-see-only-the-sdk': { at: 'dags/bad.ts', line: "import type { core } from '@headrace/core';" },
  'sdk-brings-nothing-along': { at: 'packages/sdk/src/node.ts', line: "import 'node:path';" },
  'only-through-the-front-door': { at: 'packages/engine/src/reach.ts', line: "import '../../core/src/index.ts';" },
  'no-circular': {
    at: 'packages/engine/src/hen.ts',
    line: "import type { egg } from './egg.ts'; export const hen = 1;",
    also: { 'packages/engine/src/egg.ts': "import type { hen } from './hen.ts'; export const egg = 1;" },
  },
  'not-to-unresolvable': { at: 'packages/engine/src/lost.ts', line: "import './nowhere.ts';" },
  'no-prod-to-test': {
    at: 'packages/engine/src/tested.ts',
    line: "import '../test/fake.ts';",
    also: { 'packages/engine/test/fake.ts': 'export {};' },
  },
  ...Object.fromEntries(
    packages
      .filter(({ place }) => place.startsWith('packages/') && place !== 'packages/core')
      .map(({ place }) => place.slice('packages/'.length))
      .map((name) => {
        const stranger = name === 'engine' || name === 'testing' ? 'api' : 'engine';
        return [
          `${name}-imports-only-its-neighbours`,
          { at: `packages/${name}/src/stranger.ts`, line: `import type { x } from '@headrace/${stranger}';` },
        ];
      }),
  ),
  ...Object.fromEntries(
    ['ports', 'sdk', 'api-contract'].map((name) => [
      `${name}-takes-only-types-of-core`,
      { at: `packages/${name}/src/decides.ts`, line: "import { core } from '@headrace/core'; export { core };" },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({
      pg: 'pg',
      mongodb: 'mongodb',
      mysql2: 'mysql2',
      ssh2: 'ssh2',
      bullmq: 'bullmq',
      ioredis: 'ioredis',
      fastify: 'fastify',
      'openid-client': 'openid-client',
      opentelemetry: '@opentelemetry/api',
      'prom-client': 'prom-client',
      pino: 'pino',
      duckdb: '@duckdb/node-api',
      'aws-sdk': '@aws-sdk/client-s3',
      esbuild: 'esbuild',
      commander: 'commander',
    }).map(([rule, vendor]) => [
      `only-there-${rule}`,
      {
        at: `packages/engine/src/vendor-${rule}.ts`,
        line: `import '${vendor}';`,
        also: {
          [`node_modules/${vendor}/package.json`]: JSON.stringify({ name: vendor, main: 'index.js' }),
          [`node_modules/${vendor}/index.js`]: '',
        },
      },
    ]),
  ),
};

/** The workspace in small: every package with one file that imports what its manifest declares of ours. */
function lawfulTree(): Tree {
  const tree: Record<string, string> = {
    'dags/good.ts': "import '@headrace/sdk';\nimport '@headrace/connectors';\n",
    'package.json': '{}',
  };
  for (const { place, manifest } of packages) {
    tree[`${place}/package.json`] = JSON.stringify({ name: manifest.name, type: 'module', exports: { '.': './src/index.ts' } });
    const imports = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@headrace/'));
    tree[`${place}/src/index.ts`] = `${imports.map((name) => `import type {} from '${name}';\n`).join('')}export const core = 1;\n`;
  }
  return tree;
}

function write(folder: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

describe('the fences', () => {
  const lawful = mkdtempSync(join(tmpdir(), 'headrace-fences-'));
  const broken = mkdtempSync(join(tmpdir(), 'headrace-fences-'));
  let violations: Cruise['summary']['violations'] = [];

  beforeAll(() => {
    write(lawful, lawfulTree());
    mkdirSync(join(lawful, 'node_modules/@headrace'), { recursive: true });
    for (const { place, manifest } of packages) symlinkSync(join('../..', place), join(lawful, 'node_modules', manifest.name));
    cpSync(lawful, broken, { recursive: true, verbatimSymlinks: true });
    for (const { at, line, also = {} } of Object.values(VIOLATIONS)) write(broken, { ...also, [at]: `${line}\n` });
    violations = cruise(broken).summary.violations;
  });

  afterAll(() => {
    for (const folder of [lawful, broken]) rmSync(folder, { recursive: true, force: true });
  });

  test('look at every package and app, and not at nothing', () => {
    const seen = cruise(ROOT).modules.map(({ source }) => source);
    const places = packages.map(({ place }) => place);
    expect(places.filter((place) => seen.some((source) => source.startsWith(`${place}/src/`)))).toEqual(places);
  });

  test('let pass what the manifests declare', () => {
    expect(cruise(lawful).summary.violations).toEqual([]);
  });

  test('are all tried below', () => {
    expect(Object.keys(VIOLATIONS).sort()).toEqual(configuration.forbidden.map(({ name }) => name).sort());
  });

  test.each(Object.entries(VIOLATIONS))('%s stops its bad line', (rule, { at, also = {} }) => {
    const stopped = violations.filter(({ from }) => from === at || from in also);
    expect(stopped.map((violation) => violation.rule.name)).toContain(rule);
  });

  test('stop nothing but bad lines', () => {
    const bad = new Set(Object.values(VIOLATIONS).flatMap(({ at, also = {} }) => [at, ...Object.keys(also)]));
    expect(violations.filter(({ from }) => !bad.has(from))).toEqual([]);
  });
});
