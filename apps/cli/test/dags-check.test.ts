/** `headrace dags check`, over folders of DAG files made for it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileDag, type DagSpec } from '@headrace/core';
import { dag, task } from '@headrace/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type LintContext, lint } from '../src/check/lint.ts';
import { makePlan } from '../src/check/plan.ts';
import { githubReport, markdownReport, textReport } from '../src/check/report.ts';
import { runHere } from './support/run-program.ts';

const NOW = Date.parse('2026-01-10T12:00:00Z');
const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

const good = (extra = '') => `import { cron, dag, task } from '@headrace/sdk';
export default dag('good', { schedule: cron('0 6 * * *'), start: '2026-01-01', owners: ['ann'], tags: ['sales'] }, () => {
  const a = task('a', async () => 1);
  task('b', { in: { a } }, async ({ a }) => a + 1);${extra}
});
`;

let project: string;

beforeAll(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'headrace-check-')));
  mkdirSync(join(project, 'dags'));
  symlinkSync(MODULES, join(project, 'node_modules'));
  writeFileSync(join(project, 'package.json'), '{"type": "module"}');
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'ES2024',
        module: 'NodeNext',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        allowImportingTsExtensions: true,
        types: ['node'],
      },
      include: ['dags'],
    }),
  );
  writeFileSync(join(project, 'dags/good.ts'), good());
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', project, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { stdio: 'pipe' });
  git('init', '-q');
  git('add', 'dags', 'package.json');
  git('commit', '-q', '-m', 'first');
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

const check = (...args: string[]) =>
  runHere(['dags', 'check', join(project, 'dags'), ...args], { HEADRACE_HOME: join(project, '.headrace') });
const here = (file: string): string => relative(process.cwd(), join(project, 'dags', file));

describe('a check', () => {
  test('of files without a fault ends with 0', async () => {
    const { code, stdout } = await check('--require-owner', '--require-tag', 'sales,finance', '--no-types', '--strict');
    expect([code, stdout]).toEqual([0, '\n1 DAGs in 1 files: 0 errors, 0 warnings; types were not checked: --no-types\n']);
  });

  test('plans against a commit: what is added, removed and changed, and what runs next', async () => {
    writeFileSync(join(project, 'dags/good.ts'), good("\n  task('c', async () => 3);").replace('0 6 * * *', '0 7 * * *'));
    writeFileSync(join(project, 'dags/new.ts'), good().replace("dag('good'", "dag('fresh'"));
    const comment = join(project, 'comment.md');
    const { code, stdout } = await check('--against', 'HEAD', '--no-types', '-o', 'json', '--markdown', comment);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).plan).toMatchObject({
      against: 'HEAD',
      unchanged: 0,
      added: [{ dag_id: 'fresh', tasks: 2, paused: false, next_run: expect.stringMatching(/T06:00:00\.000Z$/) }],
      removed: [],
      changed: [
        { dag_id: 'good', code_changed: true, next_run: expect.stringMatching(/T07:00:00\.000Z$/), tasks: { added: ['c'], removed: [] } },
      ],
    });
    expect(readFileSync(comment, 'utf8')).toMatch(/### Plan: 1 added, 0 removed, 1 changed, 0 as they are[\s\S]*\+ task c/);
    expect((await check('--against', 'no-such-commit', '--no-types')).code).toBe(1);
    expect((await check('--against', join(project, 'dags'), '--no-types')).stdout).toContain(
      '0 added, 0 removed, 0 changed, 2 as they are',
    );
  });

  test('tells what does not load, with its place, in the form of annotations', async () => {
    writeFileSync(
      join(project, 'dags/broken.ts'),
      "import { dag } from '@headrace/sdk';\n\nexport default dag('broken', { schedule: 3 as never }, () => {});\nthrow new Error('not today');\n",
    );
    const { code, stdout, stderr } = await check('--format', 'github', '--no-types');
    expect([code, stderr]).toEqual([1, 'error: 1 errors\n']);
    expect(stdout).toMatch(new RegExp(`^::error file=${here('broken.ts')},line=\\d,col=\\d+,title=import::.*`));
    rmSync(join(project, 'dags/broken.ts'));
  });

  test('asks the compiler, where there is a project for it', async () => {
    writeFileSync(join(project, 'dags/wrong.ts'), good().replace("dag('good'", "dag('wrong'").replace('a + 1', 'a.toUpperCase()'));
    const { code, stdout } = await check('-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).findings).toMatchObject([
      { severity: 'error', rule: 'types', file: here('wrong.ts'), line: 4, message: expect.stringContaining('toUpperCase') },
    ]);
    rmSync(join(project, 'dags/wrong.ts'));
  }, 120_000);

  test('of a folder that is not there ends with 2', async () => {
    expect(await runHere(['dags', 'check', join(project, 'nowhere')], {})).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no folder'),
    });
  });
});

const around: LintContext = { now: NOW, queues: new Set(['default']), requireOwner: false, tags: [] };
const specOf = (options: Parameters<typeof dag>[1], taskOptions: object = {}): DagSpec =>
  dag('linted', options as never, () => void task('one', taskOptions as never, async () => 1)).toSpec();
const rulesOf = (spec: DagSpec, context: Partial<LintContext> = {}) =>
  lint([{ file: 'linted.ts', spec }], { ...around, ...context }).map(({ severity, rule }) => `${severity} ${rule}`);

describe('a lint', () => {
  test('finds options that do nothing, and schedules that make no run', () => {
    expect(compileDag(specOf({})).tasks).toHaveLength(1);
    expect(rulesOf(specOf({}))).toEqual([]);
    expect(rulesOf(specOf({ start: '2026-01-01' }))).toEqual(['warning unused-option']);
    expect(rulesOf({ ...specOf({}), endAt: NOW, catchup: { kind: 'all' } })).toEqual(['warning unused-option']);
    expect(rulesOf({ ...specOf({}), schedule: { kind: 'once' }, startAt: NOW, endAt: NOW - 1 })).toEqual(['warning never-runs']);
    expect(rulesOf({ ...specOf({}), schedule: { kind: 'once' }, endAt: NOW - 1 })).toEqual(['warning ended']);
    expect(rulesOf({ ...specOf({}), tasks: [] })).toEqual(['warning no-tasks']);
  });

  test('finds pools, queues and connections that are not there, where somebody could be asked', () => {
    const spec = specOf({}, { pool: 'crm', poolSlots: 3, queue: 'gpu', connections: ['pos'] });
    expect(rulesOf(spec)).toEqual(['warning unknown-queue']);
    const known = { queues: new Set(['gpu']), connections: new Set(['pos']) };
    expect(rulesOf(spec, { ...known, pools: new Map([['crm', 3]]) })).toEqual([]);
    expect(rulesOf(spec, { ...known, pools: new Map([['crm', 2]]) })).toEqual(['error pool-too-small']);
    expect(rulesOf(spec, { ...known, pools: new Map([['crm', -1]]) })).toEqual([]);
    expect(rulesOf(spec, { queues: known.queues, pools: new Map(), connections: new Set() })).toEqual([
      'error unknown-pool',
      'error unknown-connection',
    ]);
  });

  test('asks for owners and tags only where that was asked for, and for one DAG an id', () => {
    expect(rulesOf(specOf({}), { requireOwner: true, tags: ['a'] })).toEqual(['error missing-owner', 'error missing-tag']);
    const twice = lint(
      [
        { file: 'a.ts', spec: specOf({}) },
        { file: 'b.ts', spec: specOf({}) },
      ],
      around,
    );
    expect(twice).toMatchObject([{ rule: 'double-dag', file: 'b.ts', message: expect.stringContaining('in a.ts') }]);
  });
});

describe('a report', () => {
  const finding = { severity: 'error', rule: 'import', message: '50 % <b>|\nmore', file: 'dags/a,b.ts', line: 2, column: 3 } as const;
  const plan = makePlan('main', new Map([['gone', { spec: specOf({}) }]]), new Map(), NOW, true);
  const report = { files: 1, dags: 0, findings: [finding], plan };

  test('escapes what it repeats', () => {
    expect(githubReport(report)).toBe('::error file=dags/a%2Cb.ts,line=2,col=3,title=import::50 %25 <b>|%0Amore\n');
    expect(markdownReport(report)).toContain('| error | `dags/a,b.ts:2:3` | 50 % &lt;b&gt;\\| more |');
    expect(textReport(report)).toContain('dags/a,b.ts:2:3: error: 50 %');
  });

  test('says what is removed, unless some file could not be read', () => {
    expect(textReport(report)).toContain('- gone');
    expect(makePlan('main', new Map([['gone', { spec: specOf({}) }]]), new Map(), NOW, false).removed).toEqual([]);
  });
});
