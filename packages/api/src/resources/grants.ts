/** Grants on single DAGs, assets and connections. Ours. */
import { CreateGrant, Grant, GrantCollection, GrantListQuery } from '@headrace/api-contract';
import { type AccessStore, type GrantRecord, type GrantSubject, UserNotFoundError } from '@headrace/ports';
import { Type } from 'typebox';
import { dateTime } from '../answers/date-times.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';

const tags = ['User'];

export const grantRoutes: Routes = async (app, { deps: { access } }) => {
  const { store, now } = access;

  app.get(
    '/grants',
    {
      ...permit('administer', 'user'),
      schema: {
        operationId: 'get_grants',
        tags,
        querystring: GrantListQuery,
        response: answers(GrantCollection, 'HR_USER_NOT_FOUND', 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      const filter = {
        ...(query.username === undefined ? {} : { userId: await idOf(query.username, store) }),
        ...(query.object === undefined ? {} : { object: query.object }),
      };
      const { items, total } = await store.grants(filter, pageOf(query));
      return { grants: items.map(presentGrant), total_entries: total };
    },
  );

  app.post(
    '/grants',
    {
      ...permit('administer', 'user'),
      schema: {
        operationId: 'create_grant',
        tags,
        description:
          'To a user, a role or a group of the identity provider: one of the three. The same grant again is the one that there is.',
        body: CreateGrant,
        response: answersAs(201, Grant, 'HR_USER_NOT_FOUND'),
      },
    },
    async ({ body, principal }, reply) => {
      const { action, object, pattern } = body;
      const grant = { subject: await subjectOf(body, store), action, object, pattern, createdAt: now() };
      const added = await store.addGrant({ ...grant, ...(principal === null ? {} : { createdBy: principal.name }) });
      return reply.code(201).send(presentGrant(added));
    },
  );

  app.delete(
    '/grants/:grant_id',
    {
      ...permit('administer', 'user'),
      schema: {
        operationId: 'delete_grant',
        tags,
        params: path('grant_id'),
        response: answersAs(204, Type.Null(), 'HR_GRANT_NOT_FOUND'),
      },
    },
    async ({ params }, reply) => {
      if (!(await store.removeGrant(String(params.grant_id))))
        throw new ApiProblem('HR_GRANT_NOT_FOUND', `There is no grant ${params.grant_id}`);
      return reply.code(204).send(null);
    },
  );
};

async function subjectOf({ username, role, group }: CreateGrant, store: AccessStore): Promise<GrantSubject> {
  const given = [username, role, group].filter((one) => one !== undefined);
  if (given.length !== 1) throw invalid({ field: 'body', message: 'must name one of username, role and group' });
  if (username !== undefined) return { kind: 'user', userId: await idOf(username, store) };
  return role !== undefined ? { kind: 'role', name: role } : { kind: 'group', name: group ?? '' };
}

async function idOf(name: string, store: AccessStore): Promise<string> {
  const found = await store.user({ name });
  if (found === undefined) throw new UserNotFoundError(name);
  return found.userId;
}

function presentGrant({ grantId, subject, userName, action, object, pattern, createdAt, createdBy }: GrantRecord): Grant {
  return {
    id: Number(grantId),
    username: subject.kind === 'user' ? (userName ?? null) : null,
    role: subject.kind === 'role' ? subject.name : null,
    group: subject.kind === 'group' ? subject.name : null,
    action,
    object,
    pattern,
    created_at: dateTime(createdAt),
    created_by: createdBy ?? null,
  };
}
