/** What a condition cannot be is a compile error: each snippet is compiled, and errs on exactly the lines marked so. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const FOLDER = join(import.meta.dirname, '..', 'src');
const HEAD = `import { dag, task, text } from '@headrace/sdk';
import { files, http, lake, postgres, waitForFile, waitForHttp, waitForRows } from './index.ts';
declare const expectType: <T>() => <U>(value: U, ...exact: (<X>() => X extends T ? 1 : 2) extends <X>() => X extends U ? 1 : 2 ? [] : [never]) => void;
`;

const SNIPPETS: Readonly<Record<string, string>> = {
  'a connection is of the kind that the condition asks': `
dag('d', {}, () => {
  waitForFile('a', { in: files('landing'), path: 'a.csv' });
  waitForFile('b', { in: postgres('pos'), path: 'a.csv' }); // errs
  waitForFile('c', { in: lake('lake'), path: 'a.csv' }); // errs
  waitForFile('d', { in: 'landing', path: 'a.csv' }); // errs
  waitForRows('e', { in: postgres('pos'), sql: 'select 1' });
  waitForRows('f', { in: files('landing'), sql: 'select 1' }); // errs
  waitForHttp('g', { in: http('partner'), path: 'ready' });
  waitForHttp('h', { in: postgres('pos'), path: 'ready' }); // errs
});`,
  'a file has a path or a glob, and a result to fit': `
dag('d', {}, ({ interval }) => {
  const one = waitForFile('one', { in: files('landing'), path: text\`\${interval.day}.csv\`, minBytes: 1, unchangedFor: '2 minutes' });
  const many = waitForFile('many', { in: files('landing'), glob: '*.csv', min: 2, mode: 'poke', every: '5s', softFail: true });
  task('use', { in: { one, many } }, ({ one, many }) => {
    expectType<number>()(one.bytes);
    expectType<Date | undefined>()(many[0]?.modifiedAt);
    return many.path; // errs
  });
  waitForFile('both', { in: files('landing'), path: 'a', glob: 'b' }); // errs
  waitForFile('none', { in: files('landing') }); // errs
  waitForFile('min', { in: files('landing'), path: 'a', min: 2 }); // errs
  waitForFile('unit', { in: files('landing'), path: 'a', unchangedFor: 5 }); // errs
  waitForFile('mode', { in: files('landing'), path: 'a', mode: 'deferred' }); // errs
  waitForFile('date', { in: files('landing'), path: interval.start }); // errs
});`,
  'declared columns give a row its type, and with min there is a number': `
dag('d', {}, ({ interval }) => {
  const row = waitForRows('row', {
    in: postgres('pos'), sql: 'select n, name from t where day = $day', values: { day: interval.day }, columns: { n: 'int8', name: 'text', at: 'timestamptz' },
  });
  const count = waitForRows('count', { in: postgres('pos'), sql: 'select 1', min: 3 });
  const any = waitForRows('any', { in: postgres('pos'), sql: 'select 1' });
  task('use', { in: { row, count, any } }, ({ row, count, any }) => {
    expectType<bigint | null>()(row.n);
    expectType<string | null>()(row.name);
    expectType<Date | null>()(row.at);
    expectType<number>()(count);
    expectType<unknown>()(any.whatever);
    return row.wrong; // errs
  });
  waitForRows('type', { in: postgres('pos'), sql: 'select 1', columns: { n: 'money' } }); // errs
  waitForRows('value', { in: postgres('pos'), sql: 'select 1', values: { day: {} } }); // errs
  waitForRows('both', { in: postgres('pos'), sql: 'select 1', columns: { n: 'int8' }, min: 1 }); // errs
  waitForRows('sql', { in: postgres('pos') }); // errs
});`,
  'an answer is asked for at one address, and a type guard gives it its type': `
dag('d', {}, ({ interval }) => {
  const isJob = (body: unknown): body is { readonly job: number } => typeof body === 'object';
  const job = waitForHttp('job', { in: http('partner'), path: text\`jobs/\${interval.day}\`, json: isJob });
  const plain = waitForHttp('plain', { url: 'https://partner.example/ready', status: [200, 204], json: { at: 'state', is: ['done'] } });
  task('use', { in: { job, plain } }, ({ job, plain }) => {
    expectType<number>()(job.body.job);
    expectType<number>()(plain.status);
    return plain.body.state; // errs
  });
  waitForHttp('both', { in: http('partner'), url: 'https://partner.example' }); // errs
  waitForHttp('none', { method: 'GET' }); // errs
  waitForHttp('path', { url: 'https://partner.example', path: 'a' }); // errs
  waitForHttp('method', { in: http('partner'), method: 'DELETE' }); // errs
  waitForHttp('status', { in: http('partner'), status: '200' }); // errs
  waitForHttp('json', { in: http('partner'), json: () => 'text' }); // errs
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

describe('a wrong condition is a compile error', () => {
  const compiled = compile();
  test.each(Object.entries(SNIPPETS))('%s', (name, body) => {
    const marked = (HEAD + body).split('\n').flatMap((text, line) => (text.endsWith('// errs') ? [line] : []));
    const errors = [...(compiled.get(name) ?? [])];
    const unexpected = errors.filter(([line]) => !marked.includes(line)).map(([line, message]) => `${line}: ${message}`);
    expect(unexpected).toEqual([]);
    expect(errors.map(([line]) => line).sort((a, b) => a - b)).toEqual(marked);
  });
});
