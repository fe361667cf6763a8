/**
 * Coming in. `/auth/token` and `/auth/token/cli` are those of Airflow's auth managers; sessions of browsers, the identity provider and the
 * first administrator are ours.
 */
import { passwordProblem, readToken } from '@headrace/access';
import {
  CallbackQuery,
  FirstBody,
  FirstQuery,
  LoginBody,
  LoginResponse,
  Me,
  NextQuery,
  PROBLEMS,
  SessionLoginBody,
} from '@headrace/api-contract';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { ApiProblem, invalid } from '../http/api-problem.ts';
import { begunLogin, begunLoginCookie, endedLoginCookie } from '../http/begun-login-cookie.ts';
import { refuseCrossOrigin } from '../http/cross-origin.ts';
import { acceptForms, FORM } from '../http/form-body.ts';
import { sendPage } from '../http/html-page.ts';
import { IdentityProvider } from '../http/identity-provider.ts';
import { returnAddress } from '../http/return-address.ts';
import { answers, answersAs } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { presentMe } from './me.ts';
import { publicOriginOf, SignIn } from './sign-in.ts';

const tags = ['Login'];
const open = { config: { access: 'public', idempotency: 'none' } } as const;
const authenticated = { config: { access: 'authenticated' } } as const;
const hidden = { hide: true } as const;

export const tokenLoginRoutes: Routes = async (app, { deps: { access } }) => {
  const signIn = new SignIn(access);
  for (const [path, forCli] of [
    ['/token', false],
    ['/token/cli', true],
  ] as const) {
    app.post(
      path,
      {
        ...open,
        schema: {
          operationId: forCli ? 'create_token_cli' : 'create_token',
          tags,
          security: [],
          description: forCli ? 'A bearer token that lasts an hour.' : 'A bearer token for a user of this Headrace.',
          body: LoginBody,
          response: answersAs(201, LoginResponse, 'HR_LOGIN_FAILED', 'HR_TOO_MANY_TRIES'),
        },
      },
      async (request, reply) => {
        const access_token = await signIn.bearerToken(request, reply, request.body, forCli);
        return reply.code(201).header('cache-control', 'no-store').send({ access_token });
      },
    );
  }
};

export const sessionRoutes: Routes = async (app, { deps: { access } }) => {
  acceptForms(app);
  const signIn = new SignIn(access);
  const publicOrigin = publicOriginOf(access);

  app.get('/login', { ...open, schema: { ...hidden, querystring: NextQuery } }, async ({ query }, reply) =>
    loginPage(reply, returnAddress(query.next), access.identityProvider !== undefined),
  );

  app.post(
    '/login',
    {
      ...open,
      schema: {
        operationId: 'log_in',
        tags,
        security: [],
        description: 'Opens a session: its cookie is in the answer.',
        body: SessionLoginBody,
        response: answers(Me, 'HR_LOGIN_FAILED', 'HR_TOO_MANY_TRIES', 'HR_CROSS_ORIGIN'),
      },
    },
    async (request, reply): Promise<Me> => {
      // Another site could make a browser come in as somebody else.
      refuseCrossOriginBrowser(request, publicOrigin);
      const { username, password, next } = request.body;
      const isForm = request.headers['content-type']?.startsWith(FORM) === true;
      const userId = await signIn.checkPassword(request, reply, username, password).catch((error: unknown) => {
        if (!isForm || !(error instanceof ApiProblem)) throw error;
        // The schema describes the JSON form.
        (reply as FastifyReply).code(PROBLEMS[error.code].status);
        loginPage(reply as FastifyReply, returnAddress(next), access.identityProvider !== undefined, error.message);
        return undefined;
      });
      if (userId === undefined) return reply as never;
      await signIn.openSession(request, reply, userId);
      if (isForm) return reply.redirect(returnAddress(next), 303) as never;
      const user = await access.store.user({ userId });
      return presentMe({ name: user?.name ?? username, credential: { kind: 'session', tokenHash: '' }, user });
    },
  );

  app.get('/logout', { ...open, schema: hidden }, async (_, reply) =>
    sendPage(reply, {
      title: 'Log out',
      text: 'This ends your session in this browser.',
      form: { action: '/auth/logout', fields: [], button: 'Log out' },
    }),
  );

  app.post(
    '/logout',
    {
      ...authenticated,
      schema: {
        operationId: 'log_out',
        tags,
        description: 'Ends the session, or the bearer token, that the request came in by.',
        response: answersAs(204, Type.Null()),
      },
    },
    async (request, reply) => {
      await signIn.signOut(request, reply);
      if (request.headers['content-type']?.startsWith(FORM) === true) return reply.redirect('/auth/login', 303) as never;
      return reply.code(204).send(null);
    },
  );
};

export const identityProviderRoutes: Routes = async (app, { deps: { access, log } }) => {
  const signIn = new SignIn(access);
  const { identityProvider: settings, store, now } = access;
  const { publicUrl } = access.settings;
  const provider =
    settings === undefined || publicUrl === undefined
      ? undefined
      : new IdentityProvider(settings, `${publicUrl.replace(/\/+$/, '')}/auth/oidc/callback`);
  const required = (): IdentityProvider => {
    if (provider !== undefined) return provider;
    throw new ApiProblem('HR_NO_IDENTITY_PROVIDER', 'This Headrace has no identity provider: see HEADRACE_OIDC_ISSUER');
  };
  const failed = (error: unknown): never => {
    // What the provider, or whoever stands in for it, has said is for our log and not for the browser.
    log.warn({ err: error }, 'a login by the identity provider failed');
    throw new ApiProblem(
      'HR_LOGIN_FAILED',
      'The identity provider did not let you in, or the login took too long: begin anew at /auth/oidc/login',
    );
  };

  app.get('/oidc/login', { ...open, schema: { ...hidden, querystring: NextQuery } }, async (request, reply) => {
    const { url, login } = await required().begin(returnAddress(request.query.next)).catch(rethrown(failed));
    return reply.header('set-cookie', begunLoginCookie(login, signIn.isSecure(request))).redirect(url, 302);
  });

  app.get('/oidc/callback', { ...open, schema: { ...hidden, querystring: CallbackQuery } }, async (request, reply) => {
    await signIn.countTry(request, reply);
    const secure = signIn.isSecure(request);
    const login = begunLogin(request.headers.cookie, request.query.state, secure);
    if (login === undefined) return failed(new Error('This browser has begun no such login'));
    const at = request.url.indexOf('?');
    const profile = await required()
      .end(at === -1 ? '' : request.url.slice(at), login)
      .catch(rethrown(failed));
    const user = await store.comeIn(profile, now());
    if (!user.active) return failed(new Error(`User ${user.name} is not active`));
    request.signedIn = user.name;
    await signIn.openSession(request, reply, user.userId);
    return reply.header('set-cookie', endedLoginCookie(secure)).redirect(login.next, 303);
  });
};

export const firstAdminRoutes: Routes = async (app, { deps: { access, log } }) => {
  acceptForms(app);
  const signIn = new SignIn(access);
  const { store, passwords, now } = access;
  const hashOf = (token: string): string => {
    const read = readToken(token);
    return read?.kind === 'firstLink' ? read.hash : '';
  };
  const notValid = (reply: FastifyReply) =>
    sendPage(reply.code(404), {
      title: 'This link is not valid',
      text: 'It works once, for an hour, and only while there is no user. `headrace users create` makes users at any time.',
    });

  app.get('/first', { ...open, schema: { ...hidden, querystring: FirstQuery } }, async ({ query }, reply) =>
    (await store.hasFirstLink(hashOf(query.token), now())) ? firstPage(reply, query.token) : notValid(reply),
  );

  app.post('/first', { ...open, schema: { ...hidden, body: FirstBody } }, async (request, reply) => {
    const { token, username, password } = request.body;
    const isForm = request.headers['content-type']?.startsWith(FORM) === true;
    await signIn.countTry(request, reply);
    const problem = passwordProblem(password, username);
    if (problem !== undefined) {
      if (!isForm) throw invalid({ field: 'body.password', message: `must ${problem}` });
      return firstPage(reply.code(422), token, `The password must ${problem}`);
    }
    if (!(await store.hasFirstLink(hashOf(token), now()))) return notValid(reply);
    const user = { name: username, roles: ['admin'], passwordHash: await passwords.hash(password) } as const;
    const made = await store.createFirstUser(hashOf(token), user, now());
    if (made === undefined) return notValid(reply);
    log.info({ user: made.name }, 'the first administrator has been made');
    request.signedIn = made.name;
    await signIn.openSession(request, reply, made.userId);
    if (isForm)
      return sendPage(reply.code(201), {
        title: 'Welcome',
        text: `${made.name} is the administrator of this Headrace, and logged in here.`,
      });
    return reply.code(201).send({ username: made.name });
  });
};

/** Browsers say where a request comes from; what is no browser says nothing, and no site can speak through it. */
function refuseCrossOriginBrowser(request: Parameters<typeof refuseCrossOrigin>[0], publicOrigin: string | undefined): void {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (origin !== undefined || site !== undefined) refuseCrossOrigin(request, publicOrigin);
}

/** What the API itself refuses stays as it is. */
function rethrown(failed: (error: unknown) => never): (error: unknown) => never {
  return (error) => {
    if (error instanceof ApiProblem) throw error;
    return failed(error);
  };
}

function loginPage(reply: FastifyReply, next: string, hasProvider: boolean, wrong?: string): FastifyReply {
  return sendPage(reply, {
    title: 'Log in',
    text: hasProvider ? 'With a user of this Headrace. By your identity provider: /auth/oidc/login' : 'With a user of this Headrace.',
    ...(wrong === undefined ? {} : { wrong }),
    form: {
      action: '/auth/login',
      button: 'Log in',
      fields: [
        { name: 'next', type: 'hidden', value: next },
        { name: 'username', label: 'User name', type: 'text', autocomplete: 'username' },
        { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
      ],
    },
  });
}

function firstPage(reply: FastifyReply, token: string, wrong?: string): FastifyReply {
  return sendPage(reply, {
    title: 'The first administrator',
    text: 'Choose the name and the password of the administrator of this Headrace. The link works once.',
    ...(wrong === undefined ? {} : { wrong }),
    form: {
      action: '/auth/first',
      button: 'Create the administrator',
      fields: [
        { name: 'token', type: 'hidden', value: token },
        { name: 'username', label: 'User name', type: 'text', autocomplete: 'username' },
        { name: 'password', label: 'Password, at least 12 characters', type: 'password', autocomplete: 'new-password' },
      ],
    },
  });
}
