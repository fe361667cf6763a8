import { join } from 'node:path';
import ts from 'typescript';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts'],
  types: ['node'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
};

/** Snippet → lines with errors, and what they are. All in one program: starting the compiler is what takes time. `folder`: where they would stand. */
export function compileSnippets(
  snippets: Readonly<Record<string, string>>,
  folder: string,
): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const sources = new Map(Object.entries(snippets).map(([name, text], index) => [join(folder, `snippet-${index}.ts`), { name, text }]));
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => sources.has(file) || fileExists(file);
  host.readFile = (file) => sources.get(file)?.text ?? readFile(file);
  host.getSourceFile = (file, language, ...rest) => {
    const snippet = sources.get(file);
    return snippet === undefined ? getSourceFile(file, language, ...rest) : ts.createSourceFile(file, snippet.text, language);
  };
  const program = ts.createProgram([...sources.keys()], OPTIONS, host);
  return new Map(
    [...sources].map(([path, { name }]) => {
      const source = program.getSourceFile(path);
      const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      const lines = errors.map(({ start = 0, messageText }) => {
        const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
        return [line, ts.flattenDiagnosticMessageText(messageText, '\n')] as const;
      });
      return [name, new Map(lines)] as const;
    }),
  );
}
