/** The workspace as the architecture tests see it: its packages and apps, and what stands in their manifests. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** Relative to the root: `packages/core`, `apps/cli`. */
  readonly place: string;
  readonly manifest: Manifest;
}

/** Everything under `packages/` and `apps/` that has a manifest, sorted by place. */
export function workspacePackages(): readonly WorkspacePackage[] {
  return ['apps', 'packages']
    .flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`))
    .filter((place) => existsSync(join(ROOT, place, 'package.json')))
    .sort()
    .map((place) => ({ place, manifest: readJson<Manifest>(`${place}/package.json`) }));
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;
}

/** Source files below these folders, relative to the root, without what was installed or built. */
export function sourceFiles(...folders: readonly string[]): readonly string[] {
  return globSync(
    folders.map((folder) => `${folder}/**/*.{ts,tsx,mts,mjs}`),
    { cwd: ROOT, exclude: (path) => /(^|\/)(node_modules|dist)(\/|$)/.test(path) },
  ).sort();
}
