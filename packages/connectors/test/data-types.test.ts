/** What a check, a contract or a column cannot be is a compile error: each snippet errs on exactly the lines marked so. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const FOLDER = join(import.meta.dirname, '..', 'src');
const HEAD = `import { checks, dag, exportTo, extract, load } from '@headrace/sdk';
import { lake, postgres, quarantined } from './index.ts';
const columns = { id: 'int8', name: 'text', tags: 'text[]', amount: 'decimal(10,2)' } as const;
const from = postgres('pos').table('sales', { columns });
const into = lake('lake').table('raw/sales');
`;

const SNIPPETS: Readonly<Record<string, string>> = {
  'a check is of columns that the rows have': `
dag('d', {}, () => {
  load('a', { from, into, checks: [checks.range('amount', { min: 0, max: '9.99' }), checks.matches('name', /a+/), checks.freshness('id', '1 day')] });
  load('b', { from, into, checks: [checks.range('price', { min: 0 })] }); // errs
  load('c', { from, into, checks: [checks.matches('nam', 'a')] }); // errs
  load('e', { from, into, checks: [...checks.defaults({ key: ['id', 'name'] }), checks.rowCountChange(), checks.sql('x', 'select 1')] });
  load('f', { from, into, checks: checks.defaults({ key: 'idd' }) }); // errs
  extract('g', { from, checks: [checks.notNull('idd', { at: 'flight', onFail: 'quarantine' })] }); // errs
});`,
  'a reference is to a column of the other place': `
dag('d', {}, () => {
  const stores = lake('lake').table('stores', { columns: { store_id: 'int8' } });
  load('a', { from, into, checks: [checks.references('id', { in: stores, column: 'store_id' })] });
  load('b', { from, into, checks: [checks.references('id', { in: stores, column: 'id' })] }); // errs
  load('c', { from, into, checks: [checks.references('id', { in: stores, column: 'store_id' }, { at: 'publish' })] }); // errs
});`,
  'rows are put aside in flight, by checks of single rows': `
dag('d', {}, () => {
  checks.notNull('id', { at: 'flight', onFail: 'quarantine' });
  checks.notNull('id', { at: 'staging', onFail: 'quarantine' }); // errs
  checks.notNull('id', { onFail: 'quarantine' }); // errs
  checks.unique('id', { at: 'flight', onFail: 'quarantine' }); // errs
  checks.rowCount({ min: 1 }, { severity: 'fatal' }); // errs
  checks.rowCountChange({}, { at: 'publish' }); // errs
});`,
  'a contract has modes that there are': `
dag('d', {}, () => {
  load('a', { from, into, contract: 'hold', naming: 'snake_case', nested: { depth: 2 }, maxQuarantined: { share: 0.1 } });
  load('b', { from, into, contract: { columns: 'evolve', types: 'discard_value', widenToText: true } });
  load('c', { from, into, contract: 'ignore' }); // errs
  load('e', { from, into, contract: { column: 'evolve' } }); // errs
  load('f', { from, into, naming: 'camelCase' }); // errs
  load('g', { from, into, nested: 'columns' }); // errs
  exportTo('h', { from, into: postgres('reporting').table('t'), contract: { columns: 'evolve' } });
});`,
  'a list is of a type that there is': `
dag('d', {}, () => {
  postgres('pos').table('t', { columns: { a: 'int8[]', b: 'decimal(38,10)[]', c: 'timestamptz[]' } });
  postgres('pos').table('t', { columns: { a: 'int8[][]' } }); // errs
  postgres('pos').table('t', { columns: { a: 'money[]' } }); // errs
});`,
  'replayed rows have their declared columns': `
dag('d', {}, () => {
  const rows = quarantined('lake', { dag: 'sales', task: 'raw_sales', columns });
  load('a', { from: rows, into, disposition: { merge: ['id'] } });
  load('b', { from: rows, into, disposition: { merge: ['key'] } }); // errs
  quarantined('lake', { dag: 'sales', columns }); // errs
});`,
};

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

/** Snippet → lines with errors, and what they are. All in one program: starting the compiler is what takes time. */
function compile(): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const sources = new Map(
    Object.entries(SNIPPETS).map(([name, body], index) => [join(FOLDER, `snippet-${index}.ts`), { name, text: HEAD + body }]),
  );
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

describe('a wrong word about data is a compile error', () => {
  const compiled = compile();
  test.each(Object.entries(SNIPPETS))('%s', (name, body) => {
    const marked = (HEAD + body).split('\n').flatMap((text, line) => (text.endsWith('// errs') ? [line] : []));
    const errors = [...(compiled.get(name) ?? [])];
    const unexpected = errors.filter(([line]) => !marked.includes(line)).map(([line, message]) => `${line}: ${message}`);
    expect(unexpected).toEqual([]);
    expect(errors.map(([line]) => line).sort((a, b) => a - b)).toEqual(marked);
  });
});
