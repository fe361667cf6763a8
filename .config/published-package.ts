// What becomes of a package of this repository when it is published: its manifest, and its files as JavaScript.
//
// The repository runs its TypeScript as it is. Node does not do that below node_modules, so what is published is the same
// modules with their types removed: `src/a/b.ts` is `dist/a/b.js`, and `dist/a/b.d.ts` for compilers. One module stays one
// module, so that a stack trace names the file that a reader of the source knows.
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** The command line is what people install by name. Nothing imports it. */
const PUBLISHED_AS: Readonly<Record<string, string>> = { '@headrace/cli': 'headrace' };

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface PublishedManifest extends Omit<Manifest, 'exports'> {
  readonly exports?: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly files: readonly string[];
  readonly publishConfig: { readonly access: 'public' };
}

/** What a package holds beside its code: from → to, the first from the root of the repository. */
const CARRIED: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  'packages/store-postgres': [['migrations', 'migrations']],
  'apps/cli': [['apps/cli/template', 'template']],
};

/** `new URL('./main.ts', import.meta.url)`: programs that are started as files. */
const PROGRAM_URL = /(new URL\(\s*['"][^'"]+)\.ts(['"],\s*import\.meta\.url\))/g;

/** The manifest of the published package. `root` is the manifest of the repository. */
function publishedManifest(place: string, manifest: Manifest, root: Manifest): PublishedManifest {
  const { name, version, type, dependencies, optionalDependencies, peerDependencies, exports, bin } = manifest;
  const { license, engines } = root;
  return {
    name: PUBLISHED_AS[name] ?? name,
    version,
    description: manifest.description ?? root.description ?? '',
    ...(license === undefined ? {} : { license }),
    ...(type === undefined ? {} : { type }),
    ...(engines === undefined ? {} : { engines }),
    ...(exports === undefined ? {} : { exports: publishedExports(exports) }),
    ...(bin === undefined ? {} : { bin: Object.fromEntries(Object.entries(bin).map(([program, path]) => [program, built(path, 'js')])) }),
    files: ['dist', ...(CARRIED[place] ?? []).map(([, to]) => to)],
    publishConfig: { access: 'public' },
    ...(dependencies === undefined ? {} : { dependencies }),
    ...(optionalDependencies === undefined ? {} : { optionalDependencies }),
    ...(peerDependencies === undefined ? {} : { peerDependencies }),
  };
}

/** Conformance suites are for adapters of this repository: they import its test runner. */
function publishedExports(exports: Readonly<Record<string, string>>): NonNullable<PublishedManifest['exports']> {
  return {
    ...Object.fromEntries(
      Object.entries(exports)
        .filter(([entry]) => !entry.startsWith('./conformance/'))
        .map(([entry, path]) => [entry, { types: built(path, 'd.ts'), default: built(path, 'js') }]),
    ),
    './package.json': './package.json',
  };
}

function built(path: string, extension: 'js' | 'd.ts'): string {
  if (!/^\.\/src\/.*\.ts$/.test(path)) throw new Error(`${path} cannot be published: it must be ./src/….ts`);
  return `./dist/${path.slice('./src/'.length, -'.ts'.length)}.${extension}`;
}

/** A module without its types; imports of files beside it name JavaScript. */
function publishedModule(source: string, fileName: string): string {
  const { outputText } = ts.transpileModule(source, {
    fileName,
    compilerOptions: { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    transformers: { before: [importJavaScript] },
  });
  return outputText.replaceAll(PROGRAM_URL, '$1.js$2');
}

/** `./a.ts` → `./a.js` wherever a module is named; the compiler's own option puts a function into each module that computes a name. */
function importJavaScript(context: ts.TransformationContext): ts.Transformer<ts.SourceFile> {
  const { factory } = context;
  const renamed = <Node extends ts.Expression>(node: Node): Node | ts.StringLiteral =>
    ts.isStringLiteral(node) && /^\.{1,2}\/.*\.ts$/.test(node.text)
      ? factory.createStringLiteral(node.text.replace(/\.ts$/, '.js'), true)
      : node;
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isImportDeclaration(node))
      return factory.updateImportDeclaration(node, node.modifiers, node.importClause, renamed(node.moduleSpecifier), node.attributes);
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
      return factory.updateExportDeclaration(
        node,
        node.modifiers,
        node.isTypeOnly,
        node.exportClause,
        renamed(node.moduleSpecifier),
        node.attributes,
      );
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      return factory.updateCallExpression(node, node.expression, node.typeArguments, node.arguments.map(renamed));
    return ts.visitEachChild(node, visit, context);
  };
  return (file) => ts.visitNode(file, visit) as ts.SourceFile;
}

/**
 * Writes the published form of the package at `place` into `folder`.
 * `types`: with declarations, which `tsc -b` must have made before.
 */
export function stagePackage(rootFolder: string, place: string, folder: string, { types }: { readonly types: boolean }): PublishedManifest {
  const readJson = (path: string): Manifest => JSON.parse(readFileSync(join(rootFolder, path), 'utf8'));
  const manifest = publishedManifest(place, readJson(`${place}/package.json`), readJson('package.json'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  const source = join(rootFolder, place, 'src');
  for (const file of globSync('**/*.ts', { cwd: source })) {
    const path = file.slice(0, -'.ts'.length);
    write(join('dist', `${path}.js`), publishedModule(readFileSync(join(source, file), 'utf8'), file));
    if (!types) continue;
    const declaration = join(rootFolder, place, 'dist/types', `${path}.d.ts`);
    if (!existsSync(declaration)) throw new Error(`There is no ${declaration}: run tsc -b`);
    write(join('dist', `${path}.d.ts`), publishedDeclaration(readFileSync(declaration, 'utf8')));
  }
  for (const file of globSync('**/*.sql', { cwd: source })) cpSync(join(source, file), join(folder, 'dist', file));
  for (const [from, to] of CARRIED[place] ?? []) cpSync(join(rootFolder, from), join(folder, to), { recursive: true });
  cpSync(join(rootFolder, 'LICENSE'), join(folder, 'LICENSE'));
  const readme = join(rootFolder, place, 'README.md');
  if (existsSync(readme)) cpSync(readme, join(folder, 'README.md'));
  return manifest;
}

/** The compiler leaves the imports of declarations as they were written. */
function publishedDeclaration(text: string): string {
  return text
    .replaceAll(/((?:from|import\()\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, '$1.js$2')
    .replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');
}
