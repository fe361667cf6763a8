/** API keys: everybody's own, and for administrators everybody's. Ours. */
import { issueToken } from '@headrace/access';
import { type ApiKey, ApiKeyCollection, ApiKeyListQuery, type ApiKeyScope, CreateApiKey, CreatedApiKey } from '@headrace/api-contract';
import { type KeyRecord, type KeyScope, UserNotFoundError } from '@headrace/ports';
import { Type } from 'typebox';
import { dateTime, dateTimeOrNull, toInstant } from '../answers/date-times.ts';
import type { Principal } from '../http/access.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { answers, answersAs, path } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';

const tags = ['Login'];
const authenticated = { config: { access: 'authenticated' } } as const;
const EVERYTHING: KeyScope = { action: 'administer', object: '*', pattern: '*' };
const WITH_PATTERN: ReadonlySet<string> = new Set(['dag', 'asset', 'connection', '*']);

export const apiKeyRoutes: Routes = async (app, { deps: { access } }) => {
  const { store, now } = access;

  /** Whose keys: the caller's own, or of whom an administrator names; undefined: everybody's. */
  async function owner(principal: Principal | null, named: string | undefined): Promise<string | undefined> {
    if (named === undefined || named === principal?.name) return principal?.userId;
    if (principal?.rights.mayAll('administer', 'user') !== true) throw notYours();
    const found = await store.user({ name: named });
    if (found === undefined) throw new UserNotFoundError(named);
    return found.userId;
  }

  app.get(
    '/tokens',
    {
      ...authenticated,
      schema: {
        operationId: 'get_api_keys',
        tags,
        description: 'Your own; with `username`, for administrators, those of another. The token of the service sees all.',
        querystring: ApiKeyListQuery,
        response: answers(ApiKeyCollection, 'HR_UNKNOWN_ORDER', 'HR_USER_NOT_FOUND'),
      },
    },
    async ({ query, principal }) => {
      const userId = await owner(principal, query.username);
      const { items, total } = await store.keys(userId === undefined ? {} : { userId }, pageOf(query));
      return { tokens: items.map(presentKey), total_entries: total };
    },
  );

  app.post(
    '/tokens',
    {
      config: { ...authenticated.config, idempotency: 'secret' },
      schema: {
        operationId: 'create_api_key',
        tags,
        description: 'The key is in this answer and nowhere else. It may what its user may, now and later, within its scopes.',
        body: CreateApiKey,
        response: answersAs(201, CreatedApiKey, 'HR_USER_NOT_FOUND', 'HR_KEY_EXISTS'),
      },
    },
    async ({ body, principal }, reply) => {
      // A key that could make keys would outlive its own end.
      if (principal?.credential?.kind === 'key') throw new ApiProblem('HR_FORBIDDEN', 'An API key makes no API keys: log in');
      const userId = await owner(principal, body.username);
      if (userId === undefined)
        throw invalid({ field: 'body.username', message: 'is missing: the token of the service is no user who could own a key' });
      const at = now();
      const expiresAt = toInstant(body.expires_at ?? undefined);
      if (expiresAt !== undefined && !(expiresAt > at)) throw invalid({ field: 'body.expires_at', message: 'must lie in the future' });
      const { token, hash, hint } = issueToken('apiKey');
      const scopes = body.scopes?.map(scopeOf) ?? [EVERYTHING];
      const key = {
        tokenHash: hash,
        name: body.name,
        userId,
        hint,
        scopes,
        createdAt: at,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      };
      const created = await store.createKey(key);
      return reply.code(201).send({ ...presentKey(created), key: token });
    },
  );

  app.delete(
    '/tokens/:token_id',
    {
      ...authenticated,
      schema: {
        operationId: 'revoke_api_key',
        tags,
        params: path('token_id'),
        response: answersAs(204, Type.Null(), 'HR_KEY_NOT_FOUND'),
      },
    },
    async ({ params, principal }, reply) => {
      const id = String(params.token_id);
      const found = await store.key(id);
      // Of somebody else's one need not know.
      const mine = found !== undefined && (found.userId === principal?.userId || principal?.rights.mayAll('administer', 'user') === true);
      // A key gives itself up, and no other.
      const allowed =
        principal?.credential?.kind !== 'key' || principal.credential.keyId === id || principal.rights.mayAll('administer', 'user');
      if (!mine || !allowed || !(await store.revokeKey(id, now())))
        throw new ApiProblem('HR_KEY_NOT_FOUND', `There is no API key ${id}, or it has been revoked`);
      return reply.code(204).send(null);
    },
  );
};

function notYours(): ApiProblem {
  return new ApiProblem('HR_FORBIDDEN', 'Keys of others are for administrators');
}

function scopeOf({ action, object, pattern = '*' }: ApiKeyScope, index: number): KeyScope {
  if (pattern !== '*' && !WITH_PATTERN.has(object))
    throw invalid({
      field: `body.scopes.${index}.pattern`,
      message: `has no meaning for ${object}: only DAGs, assets and connections are told apart`,
    });
  return { action, object, pattern };
}

function presentKey(key: KeyRecord): ApiKey {
  return {
    id: Number(key.keyId),
    name: key.name,
    username: key.userName,
    hint: key.hint,
    scopes: key.scopes.map((scope) => ({ ...scope })),
    created_at: dateTime(key.createdAt),
    expires_at: dateTimeOrNull(key.expiresAt),
    last_used_at: dateTimeOrNull(key.usedAt),
    revoked_at: dateTimeOrNull(key.revokedAt),
  };
}
