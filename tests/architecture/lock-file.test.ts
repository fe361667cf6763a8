import { describe, expect, test } from '@jest/globals';
import { readJson, workspacePackages } from './workspace.ts';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const { packages } = readJson<{ packages: Readonly<Record<string, Locked>> }>('package-lock.json');

function isLocked(parent: string, name: string): boolean {
  for (let place = parent; place !== ''; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    if (packages[`${place}/node_modules/${name}`] !== undefined) return true;
  }
  return packages[`node_modules/${name}`] !== undefined;
}

describe('the lock file', () => {
  // npm leaves out what its registry does not have, and `npm ci` then fails everywhere. `.config/complete-lock.mjs` adds it.
  test('holds the packages of every platform', () => {
    const missing = Object.entries(packages).flatMap(([parent, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !isLocked(parent, name))
        .map((name) => `${name}, of ${parent}`),
    );
    expect(missing).toEqual([]);
  });

  test('names no host: whoever installs chooses the registry', () => {
    const hosts = Object.entries(packages).filter(([, { resolved = '' }]) => /^[a-z+]+:\/\//.test(resolved));
    expect(hosts).toEqual([]);
  });

  test('holds what the manifests say: else `npm ci` refuses it', () => {
    const kinds = ['dependencies', 'optionalDependencies', 'devDependencies'] as const;
    for (const place of ['.', ...workspacePackages().map((workspacePackage) => workspacePackage.place)]) {
      const manifest = readJson<Locked>(`${place}/package.json`);
      const locked = packages[place === '.' ? '' : place];
      for (const kind of kinds) expect({ place, kind, names: locked?.[kind] ?? {} }).toEqual({ place, kind, names: manifest[kind] ?? {} });
    }
  });

  test('pins what the manifests ask for to exact versions', () => {
    const manifests = Object.entries(packages).filter(([place]) => !place.includes('node_modules/'));
    const loose = manifests.flatMap(([place, { dependencies, optionalDependencies, devDependencies }]) =>
      Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies })
        .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version))
        .map(([name, version]) => `${place}: ${name}@${version}`),
    );
    expect(loose).toEqual([]);
  });
});
