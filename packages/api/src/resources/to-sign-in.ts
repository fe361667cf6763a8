/** Where Airflow's clients look for the pages on which people log in and out. */
import { Type } from 'typebox';
import type { Routes } from './context.ts';

const open = { config: { access: 'public' } } as const;
const tags = ['Login'];
const Elsewhere = Type.Null({ description: 'The page is there: see the header Location' });
const NextQuery = Type.Object(
  { next: Type.Optional(Type.String({ maxLength: 2_000, description: 'Where to go afterwards, within this server' })) },
  { additionalProperties: false },
);

export const toSignInRoutes: Routes = async (app) => {
  app.get(
    '/auth/login',
    { ...open, schema: { operationId: 'login', tags, security: [], querystring: NextQuery, response: { 307: Elsewhere } } },
    async ({ query: { next } }, reply) =>
      // The page itself looks whether `next` leads away from here.
      reply.redirect(next === undefined ? '/auth/login' : `/auth/login?next=${encodeURIComponent(next)}`, 307) as never,
  );

  app.get(
    '/auth/logout',
    { ...open, schema: { operationId: 'logout', tags, security: [], response: { 307: Elsewhere } } },
    // The page asks first: a link must not log anybody out.
    async (_, reply) => reply.redirect('/auth/logout', 307) as never,
  );
};
