/** Users. Ours. */
import { passwordProblem } from '@headrace/access';
import { CreateUser, EndedSessions, PatchUser, User, UserCollection, UserListQuery } from '@headrace/api-contract';
import { UserNotFoundError, type UserRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { dateTime, dateTimeOrNull } from '../answers/date-times.ts';
import { invalid } from '../http/api-problem.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { pageOf } from './page.ts';

const tags = ['User'];

export const userRoutes: Routes = async (app, { deps: { access } }) => {
  const { store, passwords, now } = access;
  const byName = path('user_name');

  async function find(name: string): Promise<UserRecord> {
    const found = await store.user({ name });
    if (found === undefined) throw new UserNotFoundError(name);
    return found;
  }

  async function hashed(password: string | undefined, name: string): Promise<{ readonly passwordHash?: string }> {
    if (password === undefined) return {};
    const problem = passwordProblem(password, name);
    if (problem !== undefined) throw invalid({ field: 'body.password', message: `must ${problem}` });
    return { passwordHash: await passwords.hash(password) };
  }

  app.get(
    '/users',
    {
      ...permit('administer', 'user'),
      schema: { operationId: 'get_users', tags, querystring: UserListQuery, response: answers(UserCollection, 'HR_UNKNOWN_ORDER') },
    },
    async ({ query }) => {
      const filter = query.user_name_pattern === undefined ? {} : { namePattern: query.user_name_pattern };
      const { items, total } = await store.users(filter, pageOf(query));
      return { users: items.map(presentUser), total_entries: total };
    },
  );

  app.get(
    '/users/:user_name',
    {
      ...permit('administer', 'user'),
      schema: { operationId: 'get_user', tags, params: byName, response: answers(User, 'HR_USER_NOT_FOUND') },
    },
    async ({ params }) => presentUser(await find(params.user_name)),
  );

  app.post(
    '/users',
    {
      ...permit('administer', 'user'),
      schema: { operationId: 'create_user', tags, body: CreateUser, response: answersAs(201, User, 'HR_USER_EXISTS') },
    },
    async ({ body }, reply) => {
      const { username: name, display_name: displayName, email, roles = [], password } = body;
      const user = { name, roles, ...(displayName === undefined ? {} : { displayName }), ...(email === undefined ? {} : { email }) };
      const created = await store.createUser({ ...user, ...(await hashed(password, name)) }, now());
      return reply.code(201).send(presentUser(created));
    },
  );

  app.patch(
    '/users/:user_name',
    {
      ...permit('administer', 'user'),
      schema: {
        operationId: 'patch_user',
        tags,
        description: 'A new password, and `is_active` false, end all sessions and bearer tokens of the user.',
        params: byName,
        body: PatchUser,
        response: answers(User, 'HR_USER_NOT_FOUND'),
      },
    },
    async ({ params, body }) => {
      const { userId, name } = await find(params.user_name);
      const change = {
        ...(body.display_name === undefined ? {} : { displayName: body.display_name }),
        ...(body.email === undefined ? {} : { email: body.email }),
        ...(body.roles === undefined ? {} : { roles: body.roles }),
        ...(body.is_active === undefined ? {} : { active: body.is_active }),
      };
      return presentUser(await store.changeUser(userId, { ...change, ...(await hashed(body.password, name)) }));
    },
  );

  app.delete(
    '/users/:user_name',
    {
      ...permit('administer', 'user'),
      schema: {
        operationId: 'delete_user',
        tags,
        description: 'With its sessions, keys and grants.',
        params: byName,
        response: answersAs(204, Type.Null(), 'HR_USER_NOT_FOUND'),
      },
    },
    async ({ params }, reply) => {
      await store.deleteUser((await find(params.user_name)).userId);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/users/:user_name/sessions',
    {
      ...permit('administer', 'user'),
      schema: {
        operationId: 'end_user_sessions',
        tags,
        description: 'Ends all sessions and bearer tokens of the user.',
        params: byName,
        response: answers(EndedSessions, 'HR_USER_NOT_FOUND'),
      },
    },
    async ({ params }) => ({ ended: await store.endSessionsOf((await find(params.user_name)).userId) }),
  );
};

function presentUser(user: UserRecord): User {
  return {
    username: user.name,
    display_name: user.displayName ?? null,
    email: user.email ?? null,
    roles: [...user.roles],
    groups: [...user.groups],
    is_active: user.active,
    has_password: user.hasPassword,
    identity: user.identity === undefined ? null : { ...user.identity },
    created_at: dateTime(user.createdAt),
    last_login_at: dateTimeOrNull(user.lastLoginAt),
  };
}
