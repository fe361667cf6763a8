/** The caller itself: who it is, its password, its sessions. */
import { OBJECT_KINDS, ofRoles, passwordProblem, Rights } from '@headrace/access';
import { ChangeOwnPassword, EndedSessions, Me, SessionCollection } from '@headrace/api-contract';
import { ACTIONS, type SessionRecord, type UserRecord } from '@headrace/ports';
import { Type } from 'typebox';
import { dateTime } from '../answers/date-times.ts';
import type { Credential, Principal } from '../http/access.ts';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { answers, answersAs } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { SignIn } from './sign-in.ts';

const tags = ['Login'];
const authenticated = { config: { access: 'authenticated' } } as const;

export const meRoutes: Routes = async (app, { deps: { access } }) => {
  const { store, passwords, now } = access;
  const signIn = new SignIn(access);

  app.get('/me', { ...authenticated, schema: { operationId: 'get_me', tags, response: answers(Me) } }, async ({ principal }) =>
    presentMe(principal as Principal),
  );

  app.post(
    '/me/password',
    {
      ...authenticated,
      schema: {
        operationId: 'change_own_password',
        tags,
        description: 'All other sessions and bearer tokens of the user end.',
        body: ChangeOwnPassword,
        response: answersAs(204, Type.Null(), 'HR_LOGIN_FAILED', 'HR_TOO_MANY_TRIES'),
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const userId = ofPerson(principal);
      await signIn.checkPassword(request, reply, principal?.name ?? '', body.current_password);
      const problem = passwordProblem(body.new_password, principal?.name ?? '');
      if (problem !== undefined) throw invalid({ field: 'body.new_password', message: `must ${problem}` });
      const credential = principal?.credential;
      const keepSession = credential !== undefined && 'tokenHash' in credential ? { keepSession: credential.tokenHash } : {};
      await store.changeUser(userId, { passwordHash: await passwords.hash(body.new_password), ...keepSession });
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/me/sessions',
    { ...authenticated, schema: { operationId: 'get_own_sessions', tags, response: answers(SessionCollection) } },
    async ({ principal }) => {
      const sessions = await store.sessionsOf(ofPerson(principal), now());
      return { sessions: sessions.map(presentSession), total_entries: sessions.length };
    },
  );

  app.delete(
    '/me/sessions',
    {
      ...authenticated,
      schema: {
        operationId: 'end_own_sessions',
        tags,
        description: 'Ends all sessions and bearer tokens, also the one that asks.',
        response: answers(EndedSessions),
      },
    },
    async ({ principal }) => ({ ended: await store.endSessionsOf(ofPerson(principal)) }),
  );
};

/** The user's id. Throws HR_FORBIDDEN for a key, which must not outlive or widen itself, and for the service's token, which is nobody. */
function ofPerson(principal: Principal | null): string {
  const { userId, credential } = principal ?? {};
  if (userId === undefined || credential?.kind === 'key')
    throw new ApiProblem('HR_FORBIDDEN', 'This is for users who are logged in: not for API keys, and not for the token of the service');
  return userId;
}

/** `user`: whose roles are told where there are no rights yet. */
export function presentMe({
  name,
  credential,
  user,
  ...rest
}: Pick<Principal, 'name'> & { readonly credential?: Credential; readonly user?: UserRecord | undefined } & Partial<Principal>): Me {
  const roles = rest.roles ?? user?.roles ?? [];
  const rights = rest.rights ?? new Rights(ofRoles(user?.roles ?? []));
  const permissions = OBJECT_KINDS.flatMap((kind) => {
    const most = ACTIONS.findLast((action) => rights.may(action, kind) && rights.mayAll(action, kind));
    return most === undefined ? [] : [[kind, most] as const];
  });
  return {
    username: name,
    credential: credential?.kind ?? 'service',
    roles: [...roles],
    groups: [...(rest.groups ?? user?.groups ?? [])],
    permissions: Object.fromEntries(permissions),
  };
}

function presentSession({ sessionId, kind, createdAt, usedAt, expiresAt, address, client }: SessionRecord) {
  return {
    id: Number(sessionId),
    kind,
    created_at: dateTime(createdAt),
    last_used_at: dateTime(usedAt),
    expires_at: dateTime(expiresAt),
    address: address ?? null,
    client: client ?? null,
  };
}
