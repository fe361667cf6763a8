/** What a condition cannot be is a compile error: each snippet is compiled, and errs on exactly the lines marked so. */
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { compileMarked } from '../../../tests/support/compile-texts.ts';

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

describe('a wrong condition is a compile error', () => {
  const { mismatches } = compileMarked({ head: HEAD, snippets: SNIPPETS, folder: FOLDER });
  test.each(Object.keys(SNIPPETS))('%s', (name) => expect(mismatches.get(name)).toEqual({ unexpected: [], missed: [] }));
});
