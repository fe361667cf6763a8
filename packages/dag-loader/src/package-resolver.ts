/**
 * Where the imports of a DAG file come from, as an esbuild plugin.
 *
 * 1. `@headrace/*` is always the loader's own, so that a DAG folder anywhere works and never meets a second SDK.
 * 2. A package is looked for beside the DAG file, then among the loader's own; it is bundled.
 * 3. What is native stays outside of the bundle: `.node` files and packages that carry one.
 * 4. Packages keep no source map: nobody debugs there, and it would be most of what is stored.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import type { ImportKind, OnResolveResult, Plugin, PluginBuild } from 'esbuild';

const OWN_FOLDER = import.meta.dirname;
/** Maps nothing but the first character: an empty map would be taken for none. */
const NO_SOURCE_MAP = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from('{"version":3,"sources":["package"],"names":[],"mappings":"AAAA"}').toString('base64')}\n`;
const IN_PACKAGE = /[\\/]node_modules[\\/]/;
/** Keeps `resolve` from asking itself. */
const ASKED = Symbol('asked');

export const packageResolver: Plugin = {
  name: 'headrace-packages',
  setup(build) {
    const resolved = new Map<string, Promise<OnResolveResult>>();
    build.onResolve({ filter: /^[^./]/ }, (args) => {
      if (args.pluginData === ASKED || args.kind === 'entry-point' || isBuiltin(args.path)) return undefined;
      const key = `${args.kind}\n${args.path}\n${args.resolveDir}`;
      const known = resolved.get(key) ?? resolvePackage(build, args.path, args.resolveDir, args.kind);
      resolved.set(key, known);
      return known;
    });
    build.onResolve({ filter: /\.node$/ }, (args) => ({ path: args.path, external: true }));
    build.onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async (args) => {
      const text = await readFile(args.path, 'utf8');
      return { contents: `${text.replaceAll('//# sourceMappingURL=', '//  sourceMappingURL=')}${NO_SOURCE_MAP}`, loader: 'js' };
    });
  },
};

async function resolvePackage(build: PluginBuild, path: string, resolveDir: string, kind: ImportKind): Promise<OnResolveResult> {
  const ask = (from: string) => build.resolve(path, { resolveDir: from, kind, pluginData: ASKED });
  const first = await ask(path.startsWith('@headrace/') ? OWN_FOLDER : resolveDir);
  const result = first.errors.length === 0 ? first : await ask(OWN_FOLDER);
  // A package may ask for another that is optional and not there (pg for pg-native); it is the package that must cope.
  if (result.errors.length > 0 && IN_PACKAGE.test(resolveDir)) return { path, external: true };
  if (result.errors.length > 0) {
    return {
      errors: [
        { text: `Could not resolve "${path}": install it beside the DAG folder (npm install ${packageName(path)}), or correct the name` },
      ],
    };
  }
  if (result.external || isNativePackage(result.path)) return { path, external: true };
  return { path: result.path, namespace: result.namespace, sideEffects: result.sideEffects, suffix: result.suffix };
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

interface Manifest {
  readonly name?: string;
  readonly gypfile?: boolean;
  readonly napi?: unknown;
  readonly binary?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const NATIVE_LOADERS = [
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'node-pre-gyp',
  '@mapbox/node-pre-gyp',
  'prebuild-install',
  'node-addon-api',
];
/** Platform packages are how prebuilt binaries come, e.g. `@duckdb/node-bindings-linux-x64`. */
const PLATFORM_PACKAGE = /[-/](linux|darwin|win32)-(x64|arm64)/;
/** Native one level down: they import a package that is. */
const KNOWN_NATIVE = new Set(['@duckdb/node-api', '@duckdb/node-bindings', 'esbuild', 'pg-native', 'sharp', 'better-sqlite3', 'canvas']);

const nativePackages = new Map<string, boolean>();

function isNativePackage(file: string): boolean {
  const folder = packageFolder(file);
  if (folder === undefined) return false;
  const known = nativePackages.get(folder);
  if (known !== undefined) return known;
  const manifest = readManifest(folder);
  const native =
    manifest.gypfile === true ||
    manifest.napi !== undefined ||
    manifest.binary !== undefined ||
    KNOWN_NATIVE.has(manifest.name ?? '') ||
    NATIVE_LOADERS.some((name) => manifest.dependencies?.[name] !== undefined) ||
    Object.keys(manifest.optionalDependencies ?? {}).some((name) => PLATFORM_PACKAGE.test(name));
  nativePackages.set(folder, native);
  return native;
}

function packageFolder(file: string): string | undefined {
  const match = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(file);
  return match?.[0];
}

function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    // No or a broken package.json: then it is plain files.
    return {};
  }
}

const packageNames = new Map<string, string | undefined>();

/** `@headrace/sdk/src/dag.ts` for a file of one of our packages; undefined for any other. */
export function ownPackagePath(file: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (!packageNames.has(folder)) packageNames.set(folder, readManifest(folder).name);
    const name = packageNames.get(folder);
    if (name === undefined) continue;
    return name.startsWith('@headrace/') ? `${name}${file.slice(folder.length).replaceAll('\\', '/')}` : undefined;
  }
  return undefined;
}
