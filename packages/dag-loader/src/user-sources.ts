/**
 * The sources that a person wrote, exactly as they went into bundles: for who wants to see what a version of a DAG was.
 *
 * The bundler would keep those of packages and of the SDK too, which are most of a bundle, the same in each, and known anyway.
 */
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { ownPackagePath } from './package-resolver.ts';
import { isUserSource } from './source-positions.ts';

const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/;

/** Of one call of esbuild. Nothing is read twice, so that what is kept is what was bundled, whoever is saving the file meanwhile. */
export class UserSources {
  readonly #texts = new Map<string, string>();

  readonly plugin: Plugin = {
    name: 'headrace-user-sources',
    setup: (build) => {
      build.onLoad({ filter: SOURCE }, async ({ path }) => {
        if (!isUserSource(ownPackagePath(path) ?? path.replaceAll('\\', '/'))) return undefined;
        const contents = await readFile(path);
        this.#texts.set(path, contents.toString('utf8'));
        return { contents, loader: 'default' };
      });
    },
  };

  /** By absolute path. Null for what no user wrote, as source maps have it. */
  text(path: string): string | null {
    return this.#texts.get(path) ?? null;
  }
}
