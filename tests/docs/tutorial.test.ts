/** The tutorial is done from its beginning to its end, as a reader would. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { ROOT } from '../architecture/workspace.ts';
import { blocks } from './blocks.ts';

/** Between what two shell blocks write. */
const BREAK = '-- next block --';

test('what the tutorial says to type leads to what it says is written', async () => {
  const tutorial = blocks().filter(({ document }) => document === 'docs/tutorial.md');
  const steps = tutorial.filter(({ language }) => language !== 'text');
  const [exit = '', report = ''] = tutorial.filter(({ language }) => language === 'text').map(({ code }) => code);
  const folder = mkdtempSync(join(tmpdir(), 'headrace-tutorial-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const script = [
      'set -e',
      `headrace() { '${process.execPath}' '${join(ROOT, 'apps/cli/src/main.ts')}' "$@"; }`,
      ...steps.map(({ language, code }) =>
        language === 'ts' ? `cat > dags/daily_sales.ts <<'END OF FILE'\n${code}END OF FILE` : `${code}echo '${BREAK}'`,
      ),
    ].join('\n');
    const env = { PATH: process.env.PATH ?? '', HOME: folder, HEADRACE_HOME: join(folder, '.headrace') };
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: folder, env });
    const [, first, second, third] = stdout.split(`${BREAK}\n`);
    expect(first).toContain('daily_sales: success');
    expect(second).toMatch(/sales-2026-01-06\.csv.*twelve/);
    expect(second?.endsWith(exit)).toBe(true);
    expect(third).toContain('daily_sales: success');
    expect(third?.endsWith(report)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
