/**
 * Our packages in their published form, in a folder outside of the repository, as an installation would put them there.
 * Everybody else's are those that are installed here.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PublishedManifest, stagePackage } from '../../.config/published-package.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface InstalledPackage {
  /** `packages/core` */
  readonly place: string;
  readonly folder: string;
  readonly manifest: PublishedManifest;
}

/** Makes `folder/node_modules`. */
export function installPackages(folder: string): readonly InstalledPackage[] {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@headrace'), { recursive: true });
  linkOthers(join(ROOT, 'node_modules'), modules);
  const places = ['apps', 'packages'].flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`)).sort();
  return places.map((place) => {
    const { name } = JSON.parse(readFileSync(join(ROOT, place, 'package.json'), 'utf8')) as { name: string };
    const target = join(modules, name === '@headrace/cli' ? 'headrace' : name);
    const manifest = stagePackage(ROOT, place, target, { types: false });
    // What npm could not put at the top, because others there need another version.
    const own = join(ROOT, place, 'node_modules');
    if (existsSync(own)) linkOthers(own, join(target, 'node_modules'));
    return { place, folder: target, manifest };
  });
}

function linkOthers(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith('.') || name === '@headrace' || name === 'headrace') continue;
    if (!name.startsWith('@')) symlinkSync(join(from, name), join(to, name));
    else
      for (const scoped of readdirSync(join(from, name))) {
        mkdirSync(dirname(join(to, name, scoped)), { recursive: true });
        symlinkSync(join(from, name, scoped), join(to, name, scoped));
      }
  }
}
