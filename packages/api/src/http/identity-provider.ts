/**
 * Coming in by an identity provider: OpenID Connect, authorization code with PKCE, by openid-client.
 *
 * IP1. Where the provider is says the configuration, and nobody else: no request names an address that is asked. What it answers is read
 *      for ten seconds and up to a mebibyte; no redirect is followed.
 * IP2. What a login needs to be ended (verifier, state, nonce) is in a cookie of the browser that began it, for ten minutes: no other
 *      browser can end it, and it takes no room here.
 * IP3. Checked by openid-client: state, `iss` of the answer and of the token, `aud`, signature by an algorithm of the provider's metadata,
 *      nonce, expiry.
 * IP4. Somebody is known by issuer and subject. A name or an e-mail address never leads to an account that was there before.
 */
import { createHash } from 'node:crypto';
import type { IdentityProfile, Role } from '@headrace/ports';
import { ROLES } from '@headrace/ports';
import type { Configuration, CustomFetch } from 'openid-client';

export interface IdentityProviderSettings {
  /** https, or http on this machine. */
  readonly issuer: string;
  readonly clientId: string;
  /** Absent: a public client. */
  readonly clientSecret?: string;
  readonly scopes: readonly string[];
  /** The claim that holds the groups. */
  readonly groupsClaim: string;
  /** Group → role. */
  readonly roles: readonly { readonly group: string; readonly role: string }[];
}

/** What must be known when the browser comes back. */
export interface BegunLogin {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly next: string;
}

const TIMEOUT_S = 10;
const MOST_BYTES = 1_048_576;
const MOST_GROUPS = 200;
const ON_THIS_MACHINE = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export class IdentityProvider {
  readonly #settings: IdentityProviderSettings;
  readonly #redirectUri: string;
  #discovered: Promise<Configuration> | undefined;

  constructor(settings: IdentityProviderSettings, redirectUri: string) {
    this.#settings = settings;
    this.#redirectUri = redirectUri;
  }

  /** Where to send the browser, and what it must bring back. */
  async begin(next: string): Promise<{ readonly url: string; readonly login: BegunLogin }> {
    const oidc = await import('openid-client');
    const configuration = await this.#configuration();
    const login = { verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce(), next };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#redirectUri,
      scope: this.#settings.scopes.join(' '),
      code_challenge: await oidc.calculatePKCECodeChallenge(login.verifier),
      code_challenge_method: 'S256',
      state: login.state,
      nonce: login.nonce,
    });
    return { url: url.href, login };
  }

  /** Who came back. `search`: of the address that it came to. Rejects with what is wrong with it. */
  async end(search: string, { verifier, state, nonce }: BegunLogin): Promise<IdentityProfile> {
    const oidc = await import('openid-client');
    const configuration = await this.#configuration();
    const tokens = await oidc.authorizationCodeGrant(configuration, new URL(search, this.#redirectUri), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error('The identity provider gave no ID token');
    return this.#profile(claims);
  }

  #profile(claims: Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string }): IdentityProfile {
    const { iss: issuer, sub: subject } = claims;
    const groups = [claims[this.#settings.groupsClaim] ?? []].flat().flatMap((group) => (typeof group === 'string' ? [group] : []));
    const mine = new Set(this.#settings.roles.filter(({ group }) => groups.includes(group)).map(({ role }) => role));
    const name = nameOf(claims.preferred_username) ?? nameOf(claims.email) ?? nameOf(subject) ?? 'user';
    const mark = createHash('sha256').update(`${issuer}\n${subject}`).digest('hex').slice(0, 8);
    return {
      issuer,
      subject,
      name,
      otherName: `${name}-${mark}`,
      roles: ROLES.filter((role): role is Role => mine.has(role)),
      groups: groups.slice(0, MOST_GROUPS),
      ...(typeof claims.name === 'string' ? { displayName: claims.name.slice(0, 300) } : {}),
      ...(typeof claims.email === 'string' ? { email: claims.email.slice(0, 320) } : {}),
    };
  }

  /** Asked once; a failure is asked again with the next login. */
  #configuration(): Promise<Configuration> {
    this.#discovered ??= this.#discover().catch((error: unknown) => {
      this.#discovered = undefined;
      throw error;
    });
    return this.#discovered;
  }

  async #discover(): Promise<Configuration> {
    const oidc = await import('openid-client');
    const { issuer, clientId, clientSecret } = this.#settings;
    const url = new URL(issuer);
    const isLocal = url.protocol === 'http:' && ON_THIS_MACHINE.test(url.hostname);
    const proof = clientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(clientSecret);
    return oidc.discovery(url, clientId, undefined, proof, {
      timeout: TIMEOUT_S,
      [oidc.customFetch]: boundedFetch,
      // Signatures too are checked, though the token comes straight from the provider.
      execute: [oidc.enableNonRepudiationChecks, ...(isLocal ? [oidc.allowInsecureRequests] : [])],
    });
  }
}

/** Redirects are left alone by openid-client. Rejects for an answer of more than `MOST_BYTES`. */
const boundedFetch: CustomFetch = async (url, options) => {
  const response = await fetch(url, { ...(options as RequestInit), redirect: 'manual' });
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) throw new Error(`The identity provider answers with more than ${MOST_BYTES} bytes`);
    pieces.push(piece);
  }
  const { status, statusText, headers } = response;
  return new Response(pieces.length === 0 ? null : Buffer.concat(pieces), { status, statusText, headers });
};

/** What a name of ours can be made of. */
function nameOf(claim: unknown): string | undefined {
  if (typeof claim !== 'string') return undefined;
  const name = claim
    .normalize('NFKC')
    .replaceAll(/[^\w.@+-]/g, '_')
    .slice(0, 80);
  return name === '' ? undefined : name;
}
