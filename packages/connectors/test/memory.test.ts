import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const script = fileURLToPath(new URL('./support/measure-extract.ts', import.meta.url));

async function measure(rows: number): Promise<{ readonly rows: number; readonly megabytes: number }> {
  const url = process.env.HEADRACE_TEST_POSTGRES_URL;
  if (url === undefined) throw new Error('HEADRACE_TEST_POSTGRES_URL is not set');
  const { stdout } = await promisify(execFile)(process.execPath, [script, url, String(rows)]);
  return JSON.parse(stdout);
}

test('a table of two million rows takes about as much memory as one of half a million', async () => {
  const small = await measure(500_000);
  const large = await measure(2_000_000);
  expect([small.rows, large.rows]).toEqual([500_000, 2_000_000]);
  expect(large.megabytes).toBeLessThan(700);
  expect(large.megabytes - small.megabytes).toBeLessThan(150);
}, 120_000);
