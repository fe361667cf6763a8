/** The OpenAPI document of an API with all routes, without a server. */
import { buildApi } from '@headrace/api';
import { createFixture } from '../../packages/api/test/support/fixture.ts';
import type { OpenApi } from '../../packages/client/scripts/generate-operations.ts';

export async function describedApi(): Promise<OpenApi> {
  const app = await buildApi(createFixture().deps);
  try {
    return app.describe() as unknown as OpenApi;
  } finally {
    await app.close();
  }
}
