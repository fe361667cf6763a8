/** Writes a new project: the files of `template/` and a package.json. Nothing that is there is touched. */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../failures.ts';
import { projectManifest } from './project-manifest.ts';

const TEMPLATE = fileURLToPath(new URL('../../template', import.meta.url));
/** What a folder may hold that somebody has made for a project. */
const HARMLESS = new Set(['.git', '.gitattributes', 'LICENSE']);

export interface ProjectOptions {
  /** Made if it is not there; else it must be empty but for git's own files and a licence. */
  readonly folder: string;
  readonly version: string;
  /** With a docker-compose.yml of PostgreSQL and Redis. */
  readonly docker: boolean;
  /** A folder of tarballs as `npm run pack` makes them. */
  readonly packages?: string;
}

/** The files that were written, sorted, relative to the folder. Throws UsageError. */
export function writeProject({ folder, version, docker, packages }: ProjectOptions): readonly string[] {
  const target = resolve(folder);
  const there = existsSync(target) ? readdirSync(target).filter((name) => !HARMLESS.has(name)) : [];
  if (there.length > 0)
    throw new UsageError(`${target} is not empty (${there.slice(0, 3).join(', ')}${there.length > 3 ? ' …' : ''}): name a new folder`);
  const manifest = projectManifest({
    folder: target,
    version,
    ...(packages === undefined ? {} : { tarballs: tarballsIn(resolve(packages), version) }),
  });
  mkdirSync(target, { recursive: true });
  cpSync(TEMPLATE, target, { recursive: true });
  // npm leaves files of this name out of what it publishes.
  renameSync(join(target, 'gitignore'), join(target, '.gitignore'));
  if (!docker) rmSync(join(target, 'docker-compose.yml'));
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return readdirSync(target, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.git'))
    .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
    .sort();
}

function tarballsIn(folder: string, version: string): readonly string[] {
  const found = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.startsWith('headrace-') && name.endsWith(`-${version}.tgz`))
    : [];
  if (!found.includes(`headrace-${version}.tgz`)) throw new UsageError(`--packages: there is no headrace-${version}.tgz in ${folder}`);
  return found.map((name) => join(folder, name));
}
