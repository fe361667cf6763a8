import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT, readJson, sourceFiles, type WorkspacePackage, workspacePackages } from './workspace.ts';

const packages = workspacePackages();
const ours = new Set(packages.map(({ manifest }) => manifest.name));

/** What is resolved by name for a child process is imported there. */
const IMPORT = /(?:from|import|import\(|import\.meta\.resolve\()\s*['"](@headrace\/[^/'"]+)/g;

function imported({ place, manifest }: WorkspacePackage): string[] {
  const names = new Set<string>();
  for (const file of sourceFiles(`${place}/src`)) {
    for (const [, name] of readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)) names.add(name as string);
  }
  names.delete(manifest.name);
  return [...names].sort();
}

function declared({ manifest }: WorkspacePackage): string[] {
  return Object.keys(manifest.dependencies ?? {})
    .filter((name) => ours.has(name))
    .sort();
}

function referenced({ place }: WorkspacePackage): string[] {
  const { references = [] } = readJson<{ references?: { path: string }[] }>(`${place}/tsconfig.json`);
  return references.map(({ path }) => readJson<{ name: string }>(join(place, path, 'package.json')).name).sort();
}

describe('an arrow between packages', () => {
  // The compiler and npm each see one list only; hoisting hides an undeclared import from both.
  test.each(packages)('of $manifest.name is imported, declared and referenced alike', (workspacePackage) => {
    const imports = imported(workspacePackage);
    expect({ declared: declared(workspacePackage), referenced: referenced(workspacePackage) }).toEqual({
      declared: imports,
      referenced: imports,
    });
  });

  test('leads to a package that `tsc -b` builds', () => {
    const { references } = readJson<{ references: { path: string }[] }>('tsconfig.json');
    expect(references.map(({ path }) => path).sort()).toEqual([...packages.map(({ place }) => place), 'tests'].sort());
  });
});
