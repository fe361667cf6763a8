import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { eventually, isAlive } from './support/pool-fixture.ts';

const maker = fileURLToPath(new URL('./support/orphan-maker.ts', import.meta.url));

test.each([
  ['waits', 'await new Promise(() => {});'],
  ['blocks its event loop', 'for (;;) {}'],
])('a task process that %s does not outlive its killed worker', async (_what, statement) => {
  const dir = mkdtempSync(join(tmpdir(), 'headrace-orphan-'));
  const file = join(dir, 'pid');
  const worker = spawn(process.execPath, [maker, file, statement], { stdio: 'ignore' });
  await eventually('the task runs', () => existsSync(file) && readFileSync(file, 'utf8') !== '');
  const pid = Number(readFileSync(file, 'utf8'));
  expect(await isAlive(pid)).toBe(true);
  worker.kill('SIGKILL');
  await eventually('the task process is gone', async () => !(await isAlive(pid)));
  rmSync(dir, { recursive: true, force: true });
});
