import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { buildApi } from '../src/index.ts';
import { OPERATIONS } from './support/airflow-operations.ts';
import { authorization, createFixture } from './support/fixture.ts';
import { restApiDocument } from './support/rest-api-document.ts';

test('docs/rest-api.md is made of the list of operations (packages/api/scripts/write-rest-api-document.ts writes it)', () => {
  const written = readFileSync(new URL('../../../docs/rest-api.md', import.meta.url), 'utf8');
  expect(written).toBe(restApiDocument());
});

test('every operation of the list has a route of its name', async () => {
  const app = await buildApi(createFixture().deps);
  try {
    const { paths } = (await app.inject({ url: '/openapi.json', headers: { authorization } })).json() as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    const wrong = OPERATIONS.filter(({ id, method, path }) => paths[`/api/v2${path}`]?.[method.toLowerCase()]?.operationId !== id);
    expect(wrong.map(({ id }) => id)).toEqual([]);
  } finally {
    await app.close();
  }
});
