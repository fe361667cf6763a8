/**
 * Every code of an error in the sources, with what the error says: read from the sources' syntax, so that the page on errors cannot
 * name one that is not raised, or leave one out.
 *
 * E1. A code is a text that begins with `HR_` in the `src` folder of a package or an app. How it is raised does not matter.
 * E2. What it says is the text beside it: the next argument, the `message` of the same object, or what the class gives to `super`.
 *     What is filled in when it happens is shown as `…`.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../architecture/workspace.ts';

export interface ErrorCode {
  readonly code: string;
  /** Folders of packages and apps that raise it: `packages/sdk`. */
  readonly folders: readonly string[];
  /** What it says, in the order of the sources, without repetitions. */
  readonly messages: readonly string[];
}

const CODE = /^HR_[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/;

/** By code, in alphabetical order. */
export function errorCodes(): readonly ErrorCode[] {
  const found = new Map<string, { folders: Set<string>; messages: Set<string> }>();
  for (const path of globSync(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'], { cwd: ROOT }).sort()) {
    const text = readFileSync(join(ROOT, path), 'utf8');
    if (!text.includes('HR_')) continue;
    const folder = path.split(/[\\/]/).slice(0, 2).join('/');
    for (const { code, message } of codesOf(ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true))) {
      const entry = found.get(code) ?? { folders: new Set(), messages: new Set() };
      found.set(code, entry);
      entry.folders.add(folder);
      if (message !== undefined) entry.messages.add(message);
    }
  }
  return [...found]
    .map(([code, { folders, messages }]) => ({ code, folders: [...folders], messages: [...messages] }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

function codesOf(source: ts.SourceFile): readonly { readonly code: string; readonly message: string | undefined }[] {
  const codes: { code: string; message: string | undefined }[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && CODE.test(node.text) && !isCompared(node)) codes.push({ code: node.text, message: messageAt(node) });
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && CODE.test(node.name.text))
      codes.push({ code: node.name.text, message: undefined });
    ts.forEachChild(node, look);
  };
  look(source);
  return codes;
}

/** A code that is only looked at says nothing about what it means; where it is raised is elsewhere. */
function isCompared({ parent }: ts.Node): boolean {
  return ts.isBinaryExpression(parent) && /^[!=]==?$/.test(parent.operatorToken.getText());
}

function messageAt(node: ts.Node): string | undefined {
  const { parent } = node;
  if (ts.isConditionalExpression(parent) || ts.isBinaryExpression(parent) || ts.isParenthesizedExpression(parent)) return messageAt(parent);
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return messageAfter(node, parent.arguments ?? []);
  if (ts.isArrayLiteralExpression(parent)) return messageAfter(node, parent.elements);
  if (ts.isPropertyDeclaration(parent)) return messageOfClass(parent.parent);
  if (ts.isAsExpression(parent) && ts.isPropertyDeclaration(parent.parent)) return messageOfClass(parent.parent.parent);
  if (ts.isPropertyAssignment(parent)) return messageOfObject(parent.parent);
  return undefined;
}

function messageAfter(before: ts.Node, all: readonly ts.Node[]): string | undefined {
  return all
    .slice(all.indexOf(before) + 1)
    .map(said)
    .find((text) => text?.includes(' '));
}

function messageOfObject({ properties }: ts.ObjectLiteralExpression): string | undefined {
  const message = properties.find((each) => ts.isPropertyAssignment(each) && /^(message|detail)$/.test(each.name.getText()));
  return message === undefined || !ts.isPropertyAssignment(message) ? undefined : said(message.initializer);
}

/** What the constructor gives to `super`; of one that passes on what it is given, the class's own comment. */
function messageOfClass(declaration: ts.ClassLikeDeclaration): string | undefined {
  let message: string | undefined;
  const look = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword)
      message ??= node.arguments.map(said).find((text) => text?.includes(' '));
    ts.forEachChild(node, look);
  };
  ts.forEachChild(declaration, look);
  return message ?? commentOf(declaration);
}

function commentOf(node: ts.Node): string | undefined {
  const { comment } = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc) ?? {};
  return comment === undefined ? undefined : ts.getTextOfJSDocComment(comment)?.replaceAll(/\s+/g, ' ');
}

/** A text as a reader sees it: what is filled in is `…`. Undefined for what is no text. */
function said(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return shortened(node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join(''));
  if (ts.isParenthesizedExpression(node)) return said(node.expression);
  if (ts.isConditionalExpression(node)) return said(node.whenTrue) ?? said(node.whenFalse);
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [said(node.left), said(node.right)];
    return left === undefined && right === undefined ? undefined : shortened(`${left ?? '…'}${right ?? '…'}`);
  }
  return undefined;
}

const shortened = (text: string): string =>
  text
    .replaceAll(/…(?:[,:;]? ?…)+/g, '…')
    .replaceAll(/\s+/g, ' ')
    .trim();
