/** The OpenAPI document: valid, complete, and made of the schemas that validate. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { parse } from 'yaml';
import { buildApi } from '../src/index.ts';
import { createFixture } from './support/fixture.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly required: boolean;
    readonly in: string;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: object; readonly examples?: Record<string, { value: unknown }> }>>;
  };
  readonly responses: Readonly<Record<string, object>>;
  readonly security?: readonly object[];
}

interface Document {
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

let app: FastifyInstance;
let document: Document;
let operations: readonly (Operation & { readonly path: string; readonly method: string })[];
beforeAll(async () => {
  app = await buildApi(createFixture().deps);
  document = (await app.inject({ url: '/openapi.json' })).json();
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
  );
});
afterAll(() => app.close());

test('validates against the meta schema of OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document) as object as Record<string, unknown>);
  expect(result.errors ?? []).toEqual([]);
  expect([result.valid, validator.version]).toEqual([true, '3.1']);
});

test('has nothing that a linter objects to', async () => {
  const config = await createConfig({
    extends: ['recommended'],
    rules: { 'no-ambiguous-paths': 'off', 'operation-4xx-response': 'error', 'tag-description': 'error' },
  });
  const found = await lintFromString({ source: JSON.stringify(document), config });
  // Two addresses do nothing but lead elsewhere.
  const redirects = /^#\/paths\/~1api~1v2~1auth~1log(in|out)\//;
  const objections = found.filter(
    ({ ruleId, location }) => ruleId !== 'operation-2xx-response' || !redirects.test(location[0]?.pointer ?? ''),
  );
  expect(objections.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`)).toEqual([]);
});

test('says of every operation what it is, of every parameter what it does, and names every operation once', () => {
  const bare = operations.filter(({ summary, tags }) => !summary || tags.length !== 1).map(({ operationId }) => operationId);
  expect(bare).toEqual([]);
  const mute = operations.flatMap(({ operationId, parameters = [] }) =>
    parameters.filter(({ description }) => !description).map(({ name }) => `${operationId} ${name}`),
  );
  expect(mute).toEqual([]);
  const ids = operations.map(({ operationId }) => operationId);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(document.tags.filter(({ description }) => description === undefined)).toEqual([]);
});

test('tells all problems: of who is asking, of the request, of the server', () => {
  for (const { operationId, responses, security, requestBody } of operations) {
    const expected = [
      '400',
      '404',
      '422',
      '500',
      '503',
      ...(security?.length === 0 ? [] : ['401', '403']),
      ...(requestBody ? ['413', '415'] : []),
    ];
    expect([operationId, expected.filter((status) => !(status in responses))]).toEqual([operationId, []]);
  }
});

test('asks for no parameter that has a default', () => {
  const runs = operations.find(({ operationId }) => operationId === 'get_dag_runs');
  expect(runs?.parameters?.filter(({ required }) => required).map(({ name }) => name)).toEqual(['dag_id']);
});

test('names its schemas, and none twice', () => {
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(['DagRun', 'TaskInstance', 'Problem', 'TriggerDagRun']));
  const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
  expect(references.length).toBeGreaterThan(Object.keys(document.components.schemas).length);
});

test('has examples that its own schemas take', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', ...document });
  let checked = 0;
  for (const { operationId, requestBody } of operations) {
    for (const { schema, examples = {} } of Object.values(requestBody?.content ?? {})) {
      if (Object.keys(examples).length === 0) continue;
      const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')));
      for (const { value } of Object.values(examples)) {
        validate(value);
        expect([operationId, value, validate.errors]).toEqual([operationId, value, null]);
        checked++;
      }
    }
  }
  expect(checked).toBeGreaterThan(10);
});

const beside = fileURLToPath(new URL('../../../../shared/specs/airflow-rest-v2.yaml', import.meta.url));
const file = process.env.HEADRACE_AIRFLOW_SPEC ?? beside;
const withSpec = existsSync(file) ? test : test.skip;

withSpec("names the operations that are Airflow's as Airflow does", () => {
  const theirs = parse(readFileSync(file, 'utf8')) as { paths: Record<string, Record<string, { operationId?: string }>> };
  for (const { path, method, operationId } of operations.filter((one) => one.path.startsWith('/api/v2'))) {
    const known = theirs.paths[path]?.[method]?.operationId;
    if (known !== undefined) expect([path, method, operationId]).toEqual([path, method, known]);
  }
});

test('is read and tried in a page that fetches nothing from elsewhere and has no script of its own', async () => {
  const page = await app.inject({ url: '/docs' });
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.headers['content-security-policy']).toContain("script-src 'self'");
  expect(page.body).not.toMatch(/https?:\/\/|<script>|<style|style=|onload=/);
  const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url as string);
  expect(parts.length).toBeGreaterThanOrEqual(4);
  for (const url of parts) {
    const part = await app.inject({ url });
    expect([url, part.statusCode]).toEqual([url, 200]);
    const again = await app.inject({ url, headers: { 'if-none-match': String(part.headers.etag ?? '') } });
    expect([url, again.statusCode]).toEqual([url, part.headers.etag === undefined ? 200 : 304]);
  }
});
