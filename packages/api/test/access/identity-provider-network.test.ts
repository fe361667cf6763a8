/** Where an API goes to ask its identity provider: to the addresses of the configuration, and nowhere that an answer leads. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { IdentityProvider } from '../../src/http/identity-provider.ts';

let server: Server;
let issuer: string;
let elsewhere: Server;
let elsewhereUrl: string;
let strayed = 0;
/** By path. */
let answers: Record<string, (response: ServerResponse) => void> = {};
const asked: string[] = [];

const listen = async (made: Server) => {
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
};
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.push(path);
    const answer = answers[path];
    if (answer === undefined) response.writeHead(404).end();
    else answer(response);
  });
  issuer = await listen(server);
  elsewhere = createServer((_, response) => {
    strayed += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata()));
  });
  elsewhereUrl = await listen(elsewhere);
});
beforeEach(() => {
  strayed = 0;
  asked.length = 0;
  answers = { '/.well-known/openid-configuration': json(metadata()) };
});
afterAll(async () => {
  for (const one of [server, elsewhere]) {
    one.closeAllConnections();
    await new Promise((resolve) => one.close(resolve));
  }
});

const metadata = () => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  id_token_signing_alg_values_supported: ['RS256'],
});
const json = (body: object) => (response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const leadAway = (response: ServerResponse) => void response.writeHead(307, { location: `${elsewhereUrl}/stolen` }).end();

/** As much as there is room for, and then more. */
const endless = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const piece = `${' '.repeat(65_535)}\n`;
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
};

const provider = () =>
  new IdentityProvider(
    { issuer, clientId: 'c', clientSecret: 's', scopes: ['openid'], groupsClaim: 'groups', roles: [] },
    'http://127.0.0.1:8080/auth/oidc/callback',
  );
async function comeBack(): Promise<unknown> {
  const one = provider();
  const { login } = await one.begin('/');
  nonce = login.nonce;
  return one.end(`?code=x&state=${login.state}&iss=${encodeURIComponent(issuer)}`, login);
}
let nonce = '';
const idToken = () => {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  return `${encoded({ alg: 'RS256', kid: 'k' })}.${encoded({ iss: issuer, aud: 'c', sub: 'x', nonce, iat: now, exp: now + 60 })}.${'A'.repeat(342)}`;
};

test('the metadata is not fetched from where a redirect leads', async () => {
  answers['/.well-known/openid-configuration'] = leadAway;
  await expect(provider().begin('/')).rejects.toThrow();
  expect([asked, strayed]).toEqual([['/.well-known/openid-configuration'], 0]);
});

test('the code and the secret of the client do not follow a redirect of the token endpoint', async () => {
  answers['/token'] = leadAway;
  await expect(comeBack()).rejects.toThrow();
  expect([asked.includes('/token'), strayed]).toEqual([true, 0]);
});

test('no keys are fetched from where a redirect of theirs leads', async () => {
  answers['/token'] = (response) => json({ access_token: 'a', token_type: 'bearer', id_token: idToken() })(response);
  answers['/jwks'] = leadAway;
  await expect(comeBack()).rejects.toThrow();
  expect([asked.includes('/jwks'), strayed]).toEqual([true, 0]);
});

test.each([
  ['metadata', '/.well-known/openid-configuration'],
  ['token', '/token'],
])('an answer without end is not read to its end: %s', async (_, path) => {
  answers[path] = endless;
  const wrong: unknown = await comeBack().then(
    () => undefined,
    (error: unknown) => error,
  );
  const said = [wrong, (wrong as { cause?: unknown }).cause].map(String).join(' ');
  expect(said).toContain('more than 1048576 bytes');
});

test('metadata of another issuer are not believed', async () => {
  answers['/.well-known/openid-configuration'] = json({ ...metadata(), issuer: elsewhereUrl });
  await expect(provider().begin('/')).rejects.toThrow();
});
