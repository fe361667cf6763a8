/** Type-checks texts as files that are not there. All in one program: starting the compiler is what takes time. */
import { join } from 'node:path';
import ts from 'typescript';

/** The options of this repository. */
export const OUR_OPTIONS: ts.CompilerOptions = {
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

export interface CompilerMessage {
  /** From 0. */
  readonly line: number;
  readonly message: string;
}

/**
 * @param texts absolute path of where it would stand → text.
 * @param earlier A program of the same options but for strictness, whose other files are not read and parsed again.
 */
export function compileTexts(
  texts: ReadonlyMap<string, string>,
  options: ts.CompilerOptions = OUR_OPTIONS,
  earlier?: ts.Program,
): ts.Program {
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = texts.get(file);
    if (text !== undefined) return ts.createSourceFile(file, text, language);
    return earlier?.getSourceFile(file) ?? getSourceFile(file, language, ...rest);
  };
  return ts.createProgram([...texts.keys()], options, host, earlier);
}

/** What the compiler says of one file. */
export function messagesIn(program: ts.Program, path: string): readonly CompilerMessage[] {
  const source = program.getSourceFile(path);
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(({ start = 0, messageText }) => ({
    line: source?.getLineAndCharacterOfPosition(start).line ?? 0,
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
}

/** What is wrong with a snippet whose lines that must not compile end in `// errs`. */
export interface Mismatch {
  /** Errors on other lines. */
  readonly unexpected: readonly string[];
  /** Marked lines that compile. */
  readonly missed: readonly string[];
}

/**
 * @param head Stands before each snippet.
 * @param folder Where they would stand.
 */
export function compileMarked(
  { head, snippets, folder }: { readonly head: string; readonly snippets: Readonly<Record<string, string>>; readonly folder: string },
  options: ts.CompilerOptions = OUR_OPTIONS,
  earlier?: ts.Program,
): { readonly program: ts.Program; readonly mismatches: ReadonlyMap<string, Mismatch> } {
  const places = Object.keys(snippets).map((name, index) => [name, join(folder, `snippet-${index}.ts`)] as const);
  const texts = new Map(places.map(([name, path]) => [path, `${head}${snippets[name]}`]));
  const program = compileTexts(texts, options, earlier);
  const mismatches = places.map(([name, path]) => {
    const errors = messagesIn(program, path);
    const lines = (texts.get(path) ?? '').split('\n');
    const marked = (line: number): boolean => lines[line]?.endsWith('// errs') === true;
    return [
      name,
      {
        unexpected: errors.filter(({ line }) => !marked(line)).map(({ line, message }) => `${lines[line]?.trim()}: ${message}`),
        missed: lines.filter((_, line) => marked(line) && !errors.some((error) => error.line === line)),
      },
    ] as const;
  });
  return { program, mismatches: new Map(mismatches) };
}
