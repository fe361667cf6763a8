import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { asError, asLoaded, dagFolder, goodDag, loadEvery } from './dag-folder.ts';

const dagWith = (line: string) => goodDag('hostile', line);
const inBuild = (body: string) => `import { chain, dag, task } from '@headrace/sdk';
export default dag('hostile', {}, () => {
  ${body}
});
`;

interface Hostile {
  readonly text: string;
  /** Absent: the file is strange, but its DAG is good. */
  readonly error?: Readonly<Record<string, unknown>>;
}

const HOSTILE: Readonly<Record<string, Hostile>> = {
  'endless-loop.ts': { text: dagWith('for (;;);'), error: { code: 'HR_DAG_TIMEOUT' } },
  'never-settles.ts': { text: dagWith('await new Promise(() => {});'), error: { code: 'HR_DAG_TIMEOUT' } },
  'exit-zero.ts': { text: dagWith('process.exit(0);'), error: { code: 'HR_DAG_EXIT', line: 2 } },
  'exit-one.ts': { text: dagWith('process.exit(1);'), error: { code: 'HR_DAG_EXIT', line: 2 } },
  'abort.ts': { text: dagWith('process.abort();'), error: { code: 'HR_DAG_EXIT' } },
  'kill.ts': { text: dagWith("process.kill(process.pid, 'SIGKILL');"), error: { code: 'HR_DAG_EXIT' } },
  'heap.ts': {
    text: dagWith('const rows: number[][] = []; for (;;) rows.push(new Array(10_000).fill(rows.length));'),
    error: { code: 'HR_DAG_MEMORY' },
  },
  'buffers.ts': {
    text: dagWith(
      'const kept: Buffer[] = []; for (let i = 0; i < 200; i += 1) { kept.push(Buffer.alloc(10_000_000, 1)); await new Promise((done) => setTimeout(done, 5)); }',
    ),
    error: { code: 'HR_DAG_MEMORY' },
  },
  'two-gigabytes.ts': { text: dagWith('Buffer.alloc(2_000_000_000, 1); for (;;);'), error: { code: 'HR_DAG_MEMORY' } },
  'output.ts': { text: dagWith("for (let i = 0; i < 50; i += 1) process.stdout.write('x'.repeat(1_000_000));") },
  'throws.ts': {
    text: dagWith("\n  throw new TypeError('no luck');"),
    error: { code: 'HR_DAG_IMPORT', line: 3, column: 9, message: 'TypeError: no luck' },
  },
  'throws-nothing.ts': { text: dagWith('throw undefined;'), error: { code: 'HR_DAG_IMPORT' } },
  'helper-throws.ts': {
    text: dagWith("import './_broken.ts';"),
    error: { code: 'HR_DAG_IMPORT', message: expect.stringContaining('broken helper'), stack: expect.stringContaining('_broken.ts:2:7') },
  },
  'syntax.ts': { text: 'export default dag(;\n', error: { code: 'HR_DAG_SYNTAX', line: 1, column: 20 } },
  'unresolvable.ts': {
    text: "import { x } from 'no-such-package';\nexport default x;",
    error: { code: 'HR_DAG_UNRESOLVED_IMPORT', line: 1, column: 19, message: expect.stringContaining('no-such-package') },
  },
  'missing-file.ts': { text: "import { x } from './nowhere.ts';\nexport default x;", error: { code: 'HR_DAG_UNRESOLVED_IMPORT', line: 1 } },
  'cycle.ts': {
    text: inBuild("const a = task('a', () => 1); const b = task('b', () => 2); chain(a, b, a);"),
    error: { code: 'HR_DAG_CYCLE', line: 3 },
  },
  'duplicate-task.ts': {
    text: inBuild("task('a', () => 1);\n  task('a', () => 2);"),
    error: { code: 'HR_DUPLICATE_TASK', line: 4, column: 3 },
  },
  'proto-id.ts': { text: inBuild("task('__proto__', () => 1);"), error: { code: 'HR_BAD_ID', line: 3 } },
  'clock.ts': {
    text: "import { dag, task } from '@headrace/sdk';\nexport default dag('hostile', { start: new Date() }, () => task('t', () => 1));",
    error: { code: 'HR_UNSTABLE_DAG', message: expect.stringContaining('startAt') },
  },
  'chance.ts': {
    text: inBuild("task('t' + Math.random(), () => 1);"),
    error: { code: 'HR_UNSTABLE_DAG', message: expect.stringContaining('tasks[0].taskId') },
  },
  'rejects-later.ts': {
    text: dagWith("setTimeout(() => Promise.reject(new Error('late')), 1); setTimeout(() => { throw new Error('later'); }, 1);"),
  },
  'forged.ts': {
    text: dagWith(`import { writeSync } from 'node:fs';
writeSync(3, JSON.stringify({ id: 1, nonce: 'guess', rssBytes: 0, answer: { kind: 'dags', dags: [] } }) + '\\n');`),
    error: { code: 'HR_DAG_FORGED_RESULT' },
  },
  'garbage.ts': { text: dagWith(`import { writeSync } from 'node:fs';\nwriteSync(3, 'x\\n');`), error: { code: 'HR_DAG_FORGED_RESULT' } },
  'too-much-result.ts': {
    text: `export default { [Symbol.for('headrace.dag')]: 1, dagId: 'x', tasks: new Map(), toSpec: () => ({ doc: 'x'.repeat(34_000_000) }) }; import '@headrace/sdk';`,
    error: { code: 'HR_DAG_RESULT_SIZE' },
  },
  'forged-dag.ts': {
    text: `export default { [Symbol.for('headrace.dag')]: 1, dagId: 'x', tasks: new Map(), toSpec: () => ({ formatVersion: 1, dagId: 'x', tasks: 7 }) }; import { dag } from '@headrace/sdk'; globalThis.keep = dag;`,
    error: { code: 'HR_DAG_FORGED_RESULT', message: expect.stringContaining('not what the SDK makes') },
  },
  'writes.ts': {
    text: dagWith("import { writeFileSync } from 'node:fs'; writeFileSync('stolen.txt', 'x');"),
    error: { code: 'HR_DAG_IMPORT', message: expect.stringContaining('permission') },
  },
  'spawns.ts': {
    text: dagWith("import { spawnSync } from 'node:child_process'; spawnSync('sleep', ['60']);"),
    error: { code: 'HR_DAG_IMPORT' },
  },
  'environment.ts': {
    text: dagWith(
      "if (Object.keys(process.env).some((name) => /DATABASE|REDIS|HEADRACE|SECRET/.test(name))) throw new Error('sees credentials');",
    ),
  },
};

test('no hostile file takes anything but itself', async () => {
  await using folder = await dagFolder({ '_broken.ts': "\nthrow new Error('broken helper');" });
  const good = Array.from({ length: 50 }, (_, index) => `good-${index}.ts`);
  for (const [index, file] of good.entries()) await folder.write(file, goodDag(`good_${index}`));
  for (const [file, { text }] of Object.entries(HOSTILE)) await folder.write(file, text);
  await symlink('link.ts', join(folder.dagsDir, 'link.ts'));
  process.env.HEADRACE_SECRET_KEY = 'never seen by a file';

  const files = [...good, ...Object.keys(HOSTILE)].sort();
  const outcomes = await loadEvery(folder.loader({ timeoutMs: 3000, memoryMb: 300 }), files);

  for (const [index, file] of good.entries())
    expect(asLoaded(outcomes.get(file) ?? neverLoaded(file)).dags.map((dag) => dag.spec.dagId)).toEqual([`good_${index}`]);
  for (const [file, { error }] of Object.entries(HOSTILE)) {
    const outcome = outcomes.get(file) ?? neverLoaded(file);
    if (error === undefined) expect(asLoaded(outcome).dags).toHaveLength(1);
    else expect(asError(outcome)).toMatchObject({ file, ...error });
  }
}, 120_000);

function neverLoaded(file: string): never {
  throw new Error(`There is no outcome for ${file}`);
}
