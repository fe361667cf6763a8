import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { configurationDocument } from '../src/configuration-document.ts';
import {
  ConfigurationError,
  type ConfigurationSources,
  environmentNames,
  forService,
  loadConfiguration,
  makeSecretKey,
  secretKeysOf,
  secretsOf,
} from '../src/index.ts';
import { notesOf, settingNames } from '../src/settings.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(config?: string): string {
  const path = mkdtempSync(join(tmpdir(), 'headrace-configuration-'));
  folders.push(path);
  if (config !== undefined) writeFileSync(join(path, 'headrace.config.ts'), config);
  return path;
}

const load = (env: ConfigurationSources['env'], config?: string) => loadConfiguration({ env, cwd: folder(config) });

async function problemsOf(loading: Promise<unknown>): Promise<readonly string[]> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigurationError)) throw new Error(`expected a ConfigurationError, got ${error}`);
  for (const problem of error.problems) expect(error.message).toContain(problem);
  return error.problems;
}

describe('the configuration', () => {
  test('needs nothing: everything has a default', async () => {
    const cwd = folder();
    expect(await loadConfiguration({ env: { PATH: '/bin' }, cwd })).toEqual({
      home: join(cwd, '.headrace'),
      dags: join(cwd, 'dags'),
      host: '127.0.0.1',
      port: 8080,
      metricsValuesPerLabel: 200,
      housekeepingSchedule: '*/10 * * * *',
      retainRunsDays: 365,
      refusedNetworks: ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32', 'fd20:ce::254', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
      retainRunsAtLeast: 10,
      retainVersionsAtLeast: 10,
      retainLogsDays: 90,
      retainResultsDays: 0,
      retainDataDays: 365,
      retainAssetEventsDays: 365,
      retainNoticesDays: 30,
      retainVersionsDays: 90,
      retainProcessesDays: 1,
      retainAuditDays: 365,
      retainPackagesDays: 30,
      packageConnections: ['lake'],
      metricsPort: 0,
      objects: `file://${cwd}/.headrace/objects`,
      logLevel: 'info',
      logFormat: 'json',
      workerSlots: 4,
      workerQueues: ['default', 'extract', 'load', 'transform', 'export'],
      leaseSeconds: 30,
      taskMemoryMb: 512,
      secretKeyPrevious: [],
      taskEnvAllow: [],
      taskGraceSeconds: 10,
      drainSeconds: 60,
      openLineageEndpoint: 'api/v1/lineage',
      openLineageNamespace: 'headrace',
      openLineageProducer: 'urn:headrace',
      openLineageDisabled: 'false',
      sessionIdleMinutes: 60,
      sessionHours: 12,
      tokenHours: 24,
      passwordCost: 15,
      corsOrigins: [],
      trustProxy: [],
      oidcScopes: ['openid', 'profile', 'email'],
      oidcGroupsClaim: 'groups',
      oidcRoles: [],
      connections: {},
    });
  });

  test('comes from the environment, in its types', async () => {
    const configuration = await load({
      DATABASE_URL: 'postgres://app:pw@db/headrace',
      REDIS_URL: 'rediss://cache:6380',
      HEADRACE_HOME: '/var/lib/headrace',
      HEADRACE_PORT: '9000',
      HEADRACE_WORKER_QUEUES: 'extract, my queue ,',
      HEADRACE_TASK_ENV_ALLOW: 'LANG,TZ',
      HEADRACE_LOG_FORMAT: 'pretty',
      HEADRACE_CONN_POS: 'postgres://tills/pos',
      HEADRACE_CONN_S3_LAKE: 's3://lake',
      HEADRACE_SECRET_KEY: '',
      HEADRACE_TEST_POSTGRES_URL: 'of our tests',
    });
    expect(configuration).toMatchObject({
      databaseUrl: 'postgres://app:pw@db/headrace',
      queueUrl: 'rediss://cache:6380',
      home: '/var/lib/headrace',
      objects: 'file:///var/lib/headrace/objects',
      port: 9000,
      workerQueues: ['extract', 'my queue'],
      taskEnvAllow: ['LANG', 'TZ'],
      logFormat: 'pretty',
      connections: { pos: 'postgres://tills/pos', s3_lake: 's3://lake' },
    });
    expect(configuration.secretKey).toBeUndefined();
  });

  test('comes from headrace.config.ts where the environment says nothing', async () => {
    const file = `const port: number = 7000; export default { port, workerSlots: 2, connections: { a: 'http://a', b: 'http://b' } };`;
    const configuration = await load({ HEADRACE_WORKER_SLOTS: '9', HEADRACE_CONN_B: 'http://other' }, file);
    expect(configuration).toMatchObject({ port: 7000, workerSlots: 9, connections: { a: 'http://a', b: 'http://other' } });
  });

  test('tells all problems at once, with the nearest known name', async () => {
    const env = {
      DATABASE_URL: 'mysql://root:hunter2@db',
      REDIS_URL: 'redis://[bad',
      HEADRACE_PROT: '80',
      HEADRACE_ZZZZZZZZZZZZZZ: '1',
      HEADRACE_PORT: '80a',
      HEADRACE_METRICS_PORT: '70000',
      HEADRACE_LOG_LEVEL: 'loud',
      HEADRACE_LEASE_SECONDS: '0',
      HEADRACE_WORKER_QUEUES: ',',
      HEADRACE_TASK_ENV_ALLOW: 'A-B',
      HEADRACE_SECRET_KEY: 'short',
      HEADRACE_CONN_1: 'http://x',
      HEADRACE_CONN_POS: 'no url with hunter2',
    };
    const problems = await problemsOf(load(env, `export default { prot: 1, workerSlots: '4', dags: '' };`));
    expect([...problems].sort()).toEqual([
      '"prot" in the configuration file is no setting; did you mean port?',
      'DATABASE_URL must be a postgres:// URL',
      'HEADRACE_CONN_1: "1" cannot be the id of a connection; use a letter, then letters, digits and _',
      'HEADRACE_CONN_POS must be a URL',
      'HEADRACE_LEASE_SECONDS must be an integer from 2 to 3600, not 0',
      'HEADRACE_LOG_LEVEL must be debug, info, warn, error or silent, not "loud"',
      'HEADRACE_METRICS_PORT must be an integer from 0 to 65535, not 70000',
      'HEADRACE_PORT must be an integer from 0 to 65535, not "80a"',
      'HEADRACE_PROT is no setting; did you mean HEADRACE_PORT?',
      'HEADRACE_SECRET_KEY must be at least 16 characters',
      'HEADRACE_TASK_ENV_ALLOW must be names of environment variables, separated by commas, not ["A-B"]',
      'HEADRACE_WORKER_QUEUES must be names of queues, separated by commas, not []',
      'HEADRACE_ZZZZZZZZZZZZZZ is no setting',
      'REDIS_URL must be a redis://, rediss:// or postgres:// URL',
      'dags must be a folder, not ""',
      'workerSlots must be an integer from 1 to 1000, not "4"',
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  test.each([
    ['export default 5;', /must export an object/],
    ['export const x = 1;', /must export an object/],
    ['export default {', /cannot be loaded/],
    ["throw new Error('on import');", /cannot be loaded: Error: on import/],
    ["export default { connections: ['a'] };", /connections must be an object/],
  ])('says what is wrong with the file %j', async (text, problem) => {
    expect((await problemsOf(load({}, text))).join()).toMatch(problem);
  });

  test('misses a file that was named', async () => {
    expect((await problemsOf(loadConfiguration({ env: {}, file: 'other.ts', cwd: folder() }))).join()).toMatch(/other\.ts does not exist/);
  });

  test('of a service needs a database, which holds the queues when there is no Redis', async () => {
    const bare = await load({});
    expect(() => forService(bare)).toThrow(ConfigurationError);
    expect(forService({ ...bare, databaseUrl: 'postgres://db' }).queueUrl).toBe('postgres://db');
    expect(forService({ ...bare, databaseUrl: 'postgres://db', queueUrl: 'redis://r' }).queueUrl).toBe('redis://r');
  });

  test('knows its own secrets', async () => {
    const configuration = await load({
      DATABASE_URL: 'postgres://app:p%40ss@db/x',
      HEADRACE_SECRET_KEY: '0123456789abcdef',
      HEADRACE_OBJECTS: 's3://b?accessKeyId=id&secretAccessKey=sss',
      HEADRACE_CONN_POS: 'postgres://app:till-password@tills/pos',
    });
    expect(secretsOf(configuration)).toEqual(expect.arrayContaining(['p%40ss', 'p@ss', '0123456789abcdef', 'sss', 'till-password']));
  });
});

describe('the list of settings', () => {
  test('says of each what it means and what it must be', () => {
    for (const name of settingNames) {
      const { env, description, expected } = notesOf(name);
      expect(env).toMatch(/^(HEADRACE_[A-Z_]+|OPENLINEAGE_[A-Z_]+|DATABASE_URL|REDIS_URL)$/);
      expect(description).toMatch(/[.…]$/);
      expect(expected).not.toBe('');
    }
    expect(new Set(environmentNames).size).toBe(settingNames.length);
  });

  test('is what docs/configuration.md says', () => {
    expect(readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')).toBe(configurationDocument());
  });
});

describe('the keys of secrets', () => {
  const keysOf = (home: string, more: object = {}) => secretKeysOf({ home, secretKeyPrevious: [], ...more });

  test('are those of the settings, and the one that standalone made', () => {
    const home = folder();
    expect(keysOf(home)).toEqual({ previous: [] });
    makeSecretKey(home);
    const { current } = keysOf(home);
    expect(Buffer.from(current ?? '', 'base64')).toHaveLength(32);
    expect(statSync(join(home, 'secret-key')).mode & 0o777).toBe(0o600);
    makeSecretKey(home);
    expect(keysOf(home)).toEqual({ current, previous: [] });
    expect(keysOf(home, { secretKey: 'a-key-of-my-own!', secretKeyPrevious: ['one-from-before!'] })).toEqual({
      current: 'a-key-of-my-own!',
      previous: ['one-from-before!', current],
    });
  });
});
