/** The declarations of the SDK with their comments, read from its sources' syntax: no types are worked out, so it takes no time. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../architecture/workspace.ts';

export type Declaration =
  | ts.InterfaceDeclaration
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.TypeAliasDeclaration
  | ts.VariableDeclaration;

/** Of all files of the package, exported or not, by name: a name stands for one thing in the SDK. Of overloads the one with a comment, or the first. */
export function declarations(): ReadonlyMap<string, Declaration> {
  const all = new Map<string, Declaration>();
  for (const path of globSync('packages/sdk/src/**/*.ts', { cwd: ROOT }).sort()) {
    const source = ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.ESNext, true);
    for (const declaration of source.statements.flatMap(declared)) {
      const name = declaration.name?.getText() ?? '';
      const known = all.get(name);
      if (known === undefined || (commentOf(known) === undefined && commentOf(declaration) !== undefined)) all.set(name, declaration);
    }
  }
  return all;
}

function declared(statement: ts.Statement): readonly Declaration[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations;
  return ts.isInterfaceDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
    ? [statement]
    : [];
}

/** The comment before it, on one line. */
export function commentOf(node: ts.Node): string | undefined {
  const { comment } = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc) ?? {};
  return comment === undefined ? undefined : ts.getTextOfJSDocComment(comment)?.replaceAll(/\s+/g, ' ').trim();
}

export interface Member {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  readonly about: string;
}

/** The members that an interface has itself. A comment that begins with `…` goes on with the one before. */
export function membersOf({ members }: ts.InterfaceDeclaration): readonly Member[] {
  return members.filter(isNamed).map((member) => ({
    name: member.name.getText(),
    optional: member.questionToken !== undefined,
    type: ts.isMethodSignature(member) ? signatureOf(member) : typeText(member.type),
    about: commentOf(member) ?? '',
  }));
}

type NamedMember = ts.PropertySignature | ts.MethodSignature;

/** Members with a computed name are only for the compiler. */
function isNamed(member: ts.TypeElement): member is NamedMember {
  return (
    (ts.isPropertySignature(member) || ts.isMethodSignature(member)) && ts.isIdentifier(member.name) && !member.name.text.startsWith('__')
  );
}

/** What an interface takes over: `CommonTaskOptions`, `Omit<LookOptions, 'mode'>`. */
export function basesOf({ heritageClauses }: ts.InterfaceDeclaration): readonly string[] {
  return (heritageClauses ?? []).flatMap(({ types }) => types.map((type) => type.getText().replaceAll(/\s+/g, ' ')));
}

/** `(id, options?, build)`: of overloads the longest. What may be left out has a question mark. */
export function signatureOf(declaration: ts.SignatureDeclaration): string {
  const overloads = overloadsOf(declaration);
  const longest = overloads.reduce((best, each) => (each.parameters.length > best.parameters.length ? each : best));
  const names = longest.parameters.map(({ name, questionToken, initializer, dotDotDotToken }) => {
    const text = ts.isObjectBindingPattern(name) ? 'options' : name.getText();
    const isOptional = questionToken !== undefined || initializer !== undefined;
    const isEverywhere = overloads.every(({ parameters }) => parameters.some((each) => each.name.getText() === name.getText()));
    return `${dotDotDotToken === undefined ? '' : '…'}${text}${isOptional || !isEverywhere ? '?' : ''}`;
  });
  return `(${names.join(', ')})`;
}

/** What implements overloads is none of them: nobody can call it. */
function overloadsOf(declaration: ts.SignatureDeclaration): readonly ts.SignatureDeclaration[] {
  if (!ts.isFunctionDeclaration(declaration)) return [declaration];
  const all = declaration
    .getSourceFile()
    .statements.filter(
      (each): each is ts.FunctionDeclaration => ts.isFunctionDeclaration(each) && each.name?.text === declaration.name?.text,
    );
  return all.length === 1 ? all : all.filter(({ body }) => body === undefined);
}

/** The functions of an object such as `checks`, or of an interface that one has. */
export function functionsIn(
  declaration: Declaration,
): readonly { readonly name: string; readonly signature: string; readonly about: string }[] {
  const { initializer } = declaration as ts.VariableDeclaration;
  const object = initializer !== undefined && ts.isAsExpression(initializer) ? initializer.expression : initializer;
  if (object === undefined || !ts.isObjectLiteralExpression(object)) return [];
  return object.properties.flatMap((property) => {
    const made = ts.isPropertyAssignment(property) ? property.initializer : property;
    if (!ts.isMethodDeclaration(made) && !ts.isArrowFunction(made)) return [];
    return [{ name: property.name?.getText() ?? '', signature: signatureOf(made), about: commentOf(property) ?? '' }];
  });
}

export function typeText(type: ts.TypeNode | undefined): string {
  return (type?.getText() ?? '')
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/readonly |NoInfer<(\w+)>/g, (_, inner: string | undefined) => inner ?? '')
    .replace(/^\| /, '');
}

/** The names that a DAG file can import and that are there when it runs. */
export function exportedValues(): readonly string[] {
  const known = declarations();
  const index = readFileSync(join(ROOT, 'packages/sdk/src/index.ts'), 'utf8');
  const source = ts.createSourceFile('index.ts', index, ts.ScriptTarget.ESNext, true);
  const isValue = (name: string): boolean => {
    const declaration = known.get(name);
    return declaration !== undefined && !ts.isInterfaceDeclaration(declaration) && !ts.isTypeAliasDeclaration(declaration);
  };
  return source.statements
    .filter(ts.isExportDeclaration)
    .flatMap(({ exportClause, moduleSpecifier }) => {
      if (exportClause !== undefined) return ts.isNamedExports(exportClause) ? exportClause.elements.map(({ name }) => name.text) : [];
      const file = `packages/sdk/src/${(moduleSpecifier as ts.StringLiteral).text.slice(2)}`;
      return [...known].filter(([, node]) => node.getSourceFile().fileName === file && isExported(node)).map(([name]) => name);
    })
    .filter(isValue)
    .sort();
}

function isExported(node: Declaration): boolean {
  return (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export) !== 0;
}
