/**
 * DAG files → one ES module each.
 *
 * 1. The same sources give the same code, byte for byte, whatever folder of whatever machine they lie in: hashes are of content only.
 * 2. The source map carries what a user wrote, and of everything else only the name.
 * 3. Many files are one call of esbuild. Where one of them is broken, each is bundled alone, so that it takes only itself.
 */
import { join, relative, resolve } from 'node:path';
import type { ImportError } from '@headrace/ports';
import * as esbuild from 'esbuild';
import { sha256 } from './canonical-json.ts';
import { ownPackagePath, packageResolver } from './package-resolver.ts';
import { UserSources } from './user-sources.ts';

export interface Bundle {
  readonly hash: string;
  readonly code: string;
  readonly sourceMap: string;
  /** Absolute paths of all files that are in it, the DAG file among them. */
  readonly inputs: readonly string[];
  /** Whether the SDK is in it. A file without it defines no DAG. */
  readonly usesSdk: boolean;
}

export type BundleOutcome =
  | { readonly kind: 'bundled'; readonly bundle: Bundle }
  | { readonly kind: 'failed'; readonly error: ImportError };

/** CommonJS packages that are bundled may `require` Node's modules. */
const BANNER =
  "import { createRequire as headraceCreateRequire } from 'node:module'; const require = headraceCreateRequire(import.meta.url);";
const OUT_FOLDER = '.headrace-bundles';

/** Bundles these files of `dagsDir` (a real path). Answers for each of them. */
export async function bundleFiles(dagsDir: string, files: readonly string[]): Promise<ReadonlyMap<string, BundleOutcome>> {
  try {
    const sources = new UserSources();
    return outcomes(dagsDir, files, await build(dagsDir, files, sources), sources);
  } catch (failure) {
    if (!isBuildFailure(failure)) throw failure;
    const [only] = files;
    if (files.length === 1 && only !== undefined) return new Map([[only, { kind: 'failed', error: importError(only, failure) }]]);
    const alone = new Map<string, BundleOutcome>();
    for (const file of files) for (const [name, outcome] of await bundleFiles(dagsDir, [file])) alone.set(name, outcome);
    return alone;
  }
}

function build(dagsDir: string, files: readonly string[], sources: UserSources) {
  return esbuild.build({
    absWorkingDir: dagsDir,
    entryPoints: files.map((file) => ({ in: join(dagsDir, file), out: file.slice(0, -'.ts'.length) })),
    outdir: join(dagsDir, OUT_FOLDER),
    write: false,
    bundle: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    banner: { js: BANNER },
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
    plugins: [packageResolver, sources.plugin],
  });
}

type Built = Awaited<ReturnType<typeof build>>;

function outcomes(dagsDir: string, files: readonly string[], built: Built, userSources: UserSources): ReadonlyMap<string, BundleOutcome> {
  const texts = new Map(built.outputFiles.map((file) => [relative(dagsDir, file.path).replaceAll('\\', '/'), file]));
  const stable = new Map(Object.keys(built.metafile.inputs).map((path) => [path, stableName(dagsDir, path)]));
  return new Map(
    files.map((file) => {
      const output = `${OUT_FOLDER}/${file.slice(0, -'.ts'.length)}.js`;
      const inputs = Object.keys(built.metafile.outputs[output]?.inputs ?? {});
      const code = withStableNames(texts.get(output)?.text ?? '', stable);
      const sourceMap = stableSourceMap(dagsDir, output, texts.get(`${output}.map`)?.text ?? '', userSources);
      const bundle: Bundle = {
        hash: sha256(code),
        code,
        sourceMap,
        inputs: [...inputsOf(built.metafile, file, inputs)].map((path) => resolve(dagsDir, path)),
        usesSdk: inputs.some((path) => stable.get(path)?.startsWith('@headrace/sdk/')),
      };
      return [file, { kind: 'bundled', bundle }];
    }),
  );
}

/** What an entry depends on, also what tree shaking left nothing of. */
function inputsOf(metafile: esbuild.Metafile, file: string, known: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>(known);
  const entry = known.find((path) => path === file) ?? (metafile.inputs[file] === undefined ? undefined : file);
  const pending = entry === undefined ? [...known] : [entry];
  const seen = new Set<string>();
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const input = metafile.inputs[path];
    if (input === undefined) continue;
    found.add(path);
    for (const imported of input.imports) if (!imported.external) pending.push(imported.path);
  }
  return found;
}

/** A source's name without what is particular to this machine: `shop/sales.ts`, `@headrace/sdk/src/dag.ts`, `node_modules/zod/index.js`. */
function stableName(dagsDir: string, path: string): string {
  const slashed = path.replaceAll('\\', '/');
  const modules = slashed.lastIndexOf('node_modules/');
  // Ours are called the same whether they are installed or lie beside us.
  if (modules >= 0) return slashed.slice(modules).replace(/^node_modules\/(?=@headrace\/)/, '');
  return slashed.startsWith('../') ? (ownPackagePath(resolve(dagsDir, path)) ?? slashed) : slashed;
}

/** esbuild writes sources' paths into comments and as names of CommonJS modules, alone on their lines, so that no mapping moves. */
function withStableNames(code: string, stable: ReadonlyMap<string, string>): string {
  return code.replace(/^(\/\/ |\s*")([^"\n]+)("\(.*)?$/gm, (line, before: string, path: string, after: string | undefined) => {
    const name = stable.get(path);
    return name === undefined ? line : `${before}${name}${after ?? ''}`;
  });
}

function stableSourceMap(dagsDir: string, output: string, text: string, userSources: UserSources): string {
  const map = JSON.parse(text) as { version: 3; sources: readonly string[]; mappings: string; names: readonly string[] };
  const folder = resolve(dagsDir, output, '..');
  const paths = map.sources.map((source) => resolve(folder, source));
  const sources = paths.map((path) => stableName(dagsDir, relative(dagsDir, path)));
  const sourcesContent = paths.map((path) => userSources.text(path));
  return JSON.stringify({ version: 3, sources, sourcesContent, names: map.names, mappings: map.mappings });
}

function isBuildFailure(error: unknown): error is esbuild.BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<esbuild.BuildFailure>).errors);
}

function importError(file: string, failure: esbuild.BuildFailure): ImportError {
  const [first] = failure.errors;
  const location = first?.location ?? undefined;
  const text = failure.errors.map((each) =>
    each.location === null || each.location.file === file
      ? each.text
      : `${each.location.file}:${each.location.line}:${each.location.column + 1}: ${each.text}`,
  );
  const code = text.some((each) => each.includes('Could not resolve')) ? 'HR_DAG_UNRESOLVED_IMPORT' : 'HR_DAG_SYNTAX';
  const message = [...new Set(text)].join('\n');
  return location?.file === file ? { file, line: location.line, column: location.column + 1, code, message } : { file, code, message };
}
