/** Wrong wires are compile errors: each snippet is compiled, and errs on exactly the lines marked so. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const FOLDER = join(import.meta.dirname, '..', 'src');
const HEAD = `import { chain, cron, dag, defineOperation, FailTask, type Reference, task, text } from './index.ts';
import { z } from 'zod';
declare const expectType: <T>() => <U>(value: U, ...exact: (<X>() => X extends T ? 1 : 2) extends <X>() => X extends U ? 1 : 2 ? [] : [never]) => void;
`;

const SNIPPETS: Readonly<Record<string, string>> = {
  'results arrive awaited and under their name': `
dag('d', {}, () => {
  const a = task('a', async () => ({ rows: 1, at: new Date() }));
  const b = task('b', { in: { a } }, ({ a }) => {
    expectType<{ rows: number; at: Date }>()(a);
    return a.rows + 1;
  });
  task('c', { in: { a, b } }, ({ b, a }) => b.toFixed() + a.at.getTime());
  task('d', { in: { b } }, ({ b }) => b.length); // errs
  task('e', { in: { b } }, ({ a }) => a); // errs
  task('f', ({ log, signal, interval }) => { log.info(interval.day); signal.throwIfAborted(); });
});`,
  'params flow to the references and on to the tasks': `
dag('d', { params: z.object({ min: z.number().default(0), region: z.object({ name: z.string() }).optional() }) }, ({ params, interval, run }) => {
  const min: Reference<number> = params.min;
  const wrong: Reference<string> = params.min; // errs
  task('a', { in: { min: params.min, day: interval.day, id: run.id } }, ({ min, day, id }) => {
    expectType<number>()(min);
    expectType<string>()(day);
    return id.length;
  });
  task('b', { in: { params } }, ({ params }) => params.min.toFixed());
  task('c', { in: { params } }, ({ params }) => params.max); // errs
  params.max; // errs
  text\`raw/\${interval.day}\`;
  const sum: number = params.min; // errs
  return [min, wrong, sum];
});`,
  'without params there are none': `
dag('d', {}, ({ params }) => {
  task('a', { in: { x: params.anything } }, ({ x }) => x.length); // errs
});`,
  'under another rule than all_success a result may be missing': `
dag('d', {}, () => {
  const a = task('a', () => 1);
  task('b', { in: { a }, triggerRule: 'all_success' }, ({ a }) => a.toFixed());
  task('c', { in: { a }, triggerRule: 'all_done' }, ({ a }) => a.toFixed()); // errs
  task('d', { in: { a }, triggerRule: 'all_done' }, ({ a }) => a?.toFixed());
  task('e', { triggerRule: 'sometimes' }, () => 1); // errs
});`,
  'an input is a task or a reference, and no name of the context': `
dag('d', {}, () => {
  const a = task('a', () => 1);
  task('b', { in: { a: 1 } }, () => 1); // errs
  task('c', { in: { log: a } }, () => 1); // errs
  task('d', { after: a }, () => 1);
  task('e', { after: ['a'] }, () => 1); // errs
  chain(a, 'a'); // errs
});`,
  'durations have a unit': `
dag('d', { schedule: cron('@daily', { interval: '1 day' }), start: '2026-01-01', catchup: { window: '7 days' } }, () => {
  task('a', { executionTimeout: '90s', retries: { max: 3, delay: '1.5 minutes', on: [{ error: FailTask, action: 'fail' }, { error: 'ECONNREFUSED', action: 'retry', delay: { ms: 5 } }] } }, () => 1);
  task('b', { executionTimeout: 90 }, () => 1); // errs
  task('c', { executionTimeout: '90' }, () => 1); // errs
  task('d', { executionTimeout: '3 fortnights' }, () => 1); // errs
  task('e', { retries: 2 }, () => 1);
});
cron('@daily', { interval: 5 }); // errs
dag('e', { catchup: 'some' }, () => undefined); // errs`,
  'an operation has the result that its builder says': `
dag('d', {}, () => {
  const rows = defineOperation<{ rows: bigint }>('extract', { taskId: 'x', operation: {} });
  task('a', { in: { rows } }, ({ rows }) => rows.rows + 1n);
  task('b', { in: { rows } }, ({ rows }) => rows.rows + 1); // errs
  defineOperation('task', { taskId: 'y', operation: {} }); // errs
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
function compile(options: ts.CompilerOptions): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const files = new Map(
    Object.entries(SNIPPETS).map(([name, body], index) => [join(FOLDER, `snippet-${index}.ts`), { name, text: HEAD + body }]),
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file)?.text ?? readFile(file);
  host.getSourceFile = (file, language, ...rest) => {
    const snippet = files.get(file);
    return snippet === undefined ? getSourceFile(file, language, ...rest) : ts.createSourceFile(file, snippet.text, language);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const found = new Map<string, Map<number, string>>([...files.values()].map(({ name }) => [name, new Map()]));
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
    const name = files.get(file?.fileName ?? '')?.name ?? 'not in a snippet';
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line;
    const errors = found.get(name) ?? new Map<number, string>();
    found.set(name, errors.set(line, `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`));
  }
  return found;
}

const LAX: ts.CompilerOptions = { ...OPTIONS, exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false };

describe.each([
  ['our own', OPTIONS],
  ['plain strict', LAX],
] as const)('a wrong wire is a compile error, under %s compiler options', (_name, options) => {
  const compiled = compile(options);

  test.each(Object.entries(SNIPPETS))('%s', (name, body) => {
    const marked = (HEAD + body).split('\n').flatMap((text, line) => (text.endsWith('// errs') ? [line] : []));
    const errors = [...(compiled.get(name) ?? [])];
    const unexpected = errors.filter(([line]) => !marked.includes(line)).map(([line, message]) => `${line}: ${message}`);
    expect(unexpected).toEqual([]);
    expect(errors.map(([line]) => line).sort((a, b) => a - b)).toEqual(marked);
  });

  test('the SDK itself has no errors', () => {
    expect([...(compiled.get('not in a snippet') ?? [])]).toEqual([]);
  });
});
