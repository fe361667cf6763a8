/**
 * `npm test`: starts a PostgreSQL and a Redis for the tests alone, runs Jest, stops both, and ends with the line that counts. One
 * database is migrated here, for the tests' own to be copies of it.
 *
 *     npm test                                 everything
 *     npm test -- packages/core                what Jest's own arguments say
 *
 * HEADRACE_TEST_POSTGRES_URL and HEADRACE_TEST_REDIS_URL name servers to use instead of starting some.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { silentLog } from '@headrace/ports';
import { migrate } from '@headrace/store-postgres';
import { emptyDatabase } from './support/empty-database.ts';
import { startPostgres, WITHOUT_SYNC } from './support/postgres-server.ts';
import { startRedis } from './support/redis-server.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const jestProgram = join(root, 'node_modules/jest/bin/jest.js');

let jest: ChildProcess | undefined;
let interruptedBy: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interruptedBy = signal;
    jest?.kill(signal);
  });
}

process.exitCode = await main(process.argv.slice(2));

async function main(jestArguments: readonly string[]): Promise<number> {
  const scratch = scratchFolder();
  const summary = join(scratch, 'summary.json');
  const stops: (() => Promise<void>)[] = [async () => rmSync(scratch, { recursive: true, force: true, maxRetries: 10 })];
  let status = 1;
  try {
    const env = process.env;
    env.TMPDIR = scratch;
    env.HEADRACE_TEST_POSTGRES_URL ||= await started(startPostgres({ settings: WITHOUT_SYNC }), stops);
    env.HEADRACE_TEST_REDIS_URL ||= await started(startRedis(), stops);
    const migrated = await emptyDatabase();
    stops.push(() => migrated.drop());
    await migrate(migrated.url, { log: silentLog });
    env.HEADRACE_TEST_MIGRATED = migrated.name;
    if (interruptedBy === undefined) status = await runJest([...jestArguments, '--json', `--outputFile=${summary}`], env);
    report(status, summary);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    report(status, summary);
  } finally {
    // Servers that an interrupted test had started hear of its end from the kernel and need a moment to stop.
    if (interruptedBy !== undefined) await delay(1000);
    for (const stop of stops.reverse()) await stop();
  }
  return status;
}

/** Everything temporary goes here, that of interrupted tests too, and is removed at the end. Open to others, for servers that do not run as root. */
function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-test-'));
  chmodSync(folder, 0o755);
  return folder;
}

async function started(starting: Promise<{ url: string; stop(): Promise<void> }>, stops: (() => Promise<void>)[]): Promise<string> {
  const server = await starting;
  stops.push(() => server.stop());
  return server.url;
}

function runJest(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const config = join(root, '.config/jest.config.mjs');
  const nodeOptions = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...nodeOptions, jestProgram, '--config', config, ...args], { cwd: root, stdio: 'inherit', env });
  jest = child;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/** A suite that could not run at all has no tests to count: it counts as one failure, and so does a Jest that ended badly without one. */
function report(status: number, summary: string): void {
  const counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, numRuntimeErrorTestSuites: 0 };
  if (existsSync(summary)) Object.assign(counts, JSON.parse(readFileSync(summary, 'utf8')));
  const failed = counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  const skipped = counts.numPendingTests + counts.numTodoTests;
  const line = `${counts.numPassedTests} passed, ${failed === 0 && status !== 0 ? 1 : failed} failed`;
  process.stdout.write(skipped === 0 ? `${line}\n` : `${line}, ${skipped} skipped\n`);
}
