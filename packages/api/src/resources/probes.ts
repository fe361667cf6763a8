/** Outside of /api/v2, as every process of Headrace has them: whether this one lives, and whether it can answer. For orchestrators of containers. */
import { Type } from 'typebox';
import type { Routes } from './context.ts';

const open = { config: { access: 'public' }, schema: { hide: true, response: { '2xx': Type.Unknown(), '5xx': Type.Unknown() } } } as const;
/** Longer than an answer takes, shorter than a probe waits. */
const WITHIN_MS = 3_000;

export const probeRoutes: Routes = async (app, { deps: { health, log } }) => {
  app.get('/health', open, async () => ({ live: true }));

  app.get('/ready', open, async (_, reply) => {
    const database = await inTime(health, WITHIN_MS);
    if (database !== undefined) log.warn({ error: database }, 'the API is not ready: the database cannot be reached');
    return reply
      .code(database === undefined ? 200 : 503)
      .send({ ready: database === undefined, checks: { database: database === undefined ? 'ok' : 'unreachable' } });
  });
};

/** Undefined: it answered. */
async function inTime(ask: () => Promise<unknown>, milliseconds: number): Promise<Error | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(new Error('no answer in time')), milliseconds);
  });
  const answer = ask().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
