/** What a task process loads before it has been given anything to do: every slot of every worker pays for it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';

const LOADED = `
import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
await import(process.argv[1]);
process.stdout.write(JSON.stringify(loaded));
`;

async function modulesOf(entry: URL): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', LOADED, entry.href]);
  return JSON.parse(stdout) as readonly string[];
}

describe('a task process', () => {
  test('loads what it needs of the SDK, and none of what builds DAGs: the bundle brings its own', async () => {
    const loaded = await modulesOf(new URL('../src/process/run-attempt.ts', import.meta.url));
    const ofSdk = loaded.flatMap((url) => /\/packages\/sdk\/src\/(.+)\.ts$/.exec(url)?.[1] ?? []).sort();
    expect(ofSdk).toEqual([
      'definition',
      'definition-error',
      'duration',
      'outcomes',
      'params',
      'references',
      'runtime',
      'schedule/timetable-of',
    ]);
    expect(loaded.filter((url) => url.includes('/packages/core/'))).toEqual([]);
  });
});
