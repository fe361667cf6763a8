/** The package.json of a new project. */
import { basename, relative, resolve } from 'node:path';

/** What a project's own code imports; the command line brings everything else. */
const USED = ['headrace', '@headrace/sdk', '@headrace/connectors'];
const USED_IN_TESTS = ['@headrace/configuration', '@headrace/testing'];

/**
 * The versions with which Headrace itself is built: tests/e2e/init.test.ts compares them with its package.json.
 * @internal for that test
 */
export const TOOL_VERSIONS: Readonly<Record<string, string>> = {
  '@jest/globals': '30.5.2',
  '@swc/core': '1.16.22',
  '@swc/jest': '0.2.39',
  '@types/node': '24.19.2',
  jest: '30.5.2',
  typescript: '6.0.3',
};

export interface ManifestOptions {
  /** Of the project, absolute. */
  readonly folder: string;
  /** Of this Headrace. */
  readonly version: string;
  /** Headrace's packages as `npm pack` has made them, absolute paths: they are used in place of those of the registry. */
  readonly tarballs?: readonly string[];
}

export function projectManifest({ folder, version, tarballs = [] }: ManifestOptions): object {
  const local = new Map(
    tarballs.map((file) => [packageOf(file, version), `file:${relative(folder, resolve(file)).replaceAll('\\', '/')}`]),
  );
  const versions = (names: readonly string[]) => names.map((name) => [name, local.get(name) ?? version] as const);
  // A package that others depend on is taken from its tarball only when the project itself names it.
  const below = [...local].filter(([name]) => !USED.includes(name) && !USED_IN_TESTS.includes(name));
  return {
    name: projectName(folder),
    version: '0.0.0',
    private: true,
    type: 'module',
    engines: { node: '>=22.18' },
    scripts: {
      start: 'headrace standalone',
      test: 'node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js',
      typecheck: 'tsc',
      check: 'headrace dags check',
    },
    dependencies: sorted([...versions(USED), ...below, ['zod', '4.6.7']]),
    devDependencies: sorted([...versions(USED_IN_TESTS), ...Object.entries(TOOL_VERSIONS)]),
  };
}

/** As npm allows it: `My Project` → `my-project`. */
function projectName(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '');
  return name === '' ? 'pipelines' : name;
}

/** `headrace-sdk-0.1.0.tgz` → `@headrace/sdk`. */
function packageOf(file: string, version: string): string {
  const name = basename(file).slice(0, -`-${version}.tgz`.length);
  return name === 'headrace' ? name : `@headrace/${name.slice('headrace-'.length)}`;
}

function sorted(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
