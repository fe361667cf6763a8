import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The files of the documentation, by the name in their first line. */
function documentedFiles(): ReadonlyMap<string, string> {
  const text = readFileSync(join(ROOT, 'docs/testing.md'), 'utf8');
  return new Map([...text.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name = '', code = '']) => [name, code]));
}

describe('the project of docs/testing.md', () => {
  let project: string;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'headrace-user-'));
    const write = (name: string, text: string): void => {
      mkdirSync(dirname(join(project, name)), { recursive: true });
      writeFileSync(join(project, name), text);
    };
    for (const [name, code] of documentedFiles()) write(name, code);
    write('package.json', JSON.stringify({ name: 'shop', private: true, type: 'module' }));
    write(
      'jest.config.json',
      JSON.stringify({
        testEnvironment: 'node',
        extensionsToTreatAsEsm: ['.ts'],
        transform: {
          '^.+\\.ts$': [
            '@swc/jest',
            { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, swcrc: false },
          ],
        },
      }),
    );
    const config = join(ROOT, '.config/tsconfig.base.json');
    const options = { noEmit: true, composite: false, emitDeclarationOnly: false, declaration: false, types: ['node'] };
    write('tsconfig.json', JSON.stringify({ extends: config, compilerOptions: options, include: ['dags', 'test'] }));
    // What an installation of the packages would bring.
    symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  });

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  /** Nothing of ours is in the environment: no database, no queue. */
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };

  test('compiles', async () => {
    const { stdout } = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project], { cwd: project, env });
    expect(stdout).toBe('');
  }, 120_000);

  test('passes its own tests, without Postgres and Redis', async () => {
    const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
    const args = ['--experimental-vm-modules', jest, '--config', join(project, 'jest.config.json'), '--json'];
    const { stdout } = await run(process.execPath, args, { cwd: project, env });
    expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 4, numFailedTests: 0 });
  }, 120_000);
});

describe('a simulation', () => {
  test('of a year of a daily DAG runs every day, to its end', async () => {
    const { simulate } = await import('@headrace/testing');
    const { cron, dag, task } = await import('@headrace/sdk');
    const daily = dag('daily', { schedule: cron('@daily'), start: '2026-01-01' }, () => {
      const a = task('a', async () => 1);
      const b = task('b', { in: { a } }, async () => 2);
      task('c', { in: { b } }, async () => 3);
    });
    const { runs } = await simulate(daily, { from: '2026-01-01', to: '2027-01-01' });
    expect(runs).toHaveLength(365);
    expect(runs.every((one) => one.status === 'success')).toBe(true);
  });
});
