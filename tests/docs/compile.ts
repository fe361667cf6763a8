/** Type-checks texts as files that are not there. All in one program: starting the compiler is what takes time. */
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../architecture/workspace.ts';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts'],
  types: ['node'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noUnusedLocals: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
};

/**
 * What the compiler says of them, `name: line: message`.
 * @param texts name → text; each is looked at as a file next to the DAGs.
 */
export function compilerErrors(texts: ReadonlyMap<string, string>): readonly string[] {
  const names = new Map([...texts.keys()].map((name, index) => [join(ROOT, 'dags', `block-${index}.ts`), name]));
  const textOf = (file: string): string | undefined => texts.get(names.get(file) ?? '');
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => names.has(file) || fileExists(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = textOf(file);
    return text === undefined ? getSourceFile(file, language, ...rest) : ts.createSourceFile(file, text, language);
  };
  const program = ts.createProgram([...names.keys()], OPTIONS, host);
  return program
    .getSourceFiles()
    .filter(({ fileName }) => names.has(fileName))
    .flatMap((source) => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])
    .map(({ file, start = 0, messageText }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${names.get(file?.fileName ?? '')}: ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
}
