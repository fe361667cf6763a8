/** Settings of who may come in. See docs/access.md. */
import { Type } from 'typebox';

const integer = (minimum: number, maximum: number, value: number, notes: { env: string; description: string; unit?: string }) =>
  Type.Integer({ minimum, maximum, default: value, expected: `an integer from ${minimum} to ${maximum}`, ...notes });

const httpUrl = '^https?://[^/?#]+/?$';

export const accessSettings = {
  publicUrl: Type.Optional(
    Type.String({
      env: 'HEADRACE_PUBLIC_URL',
      description:
        'Where browsers reach the API, such as https://headrace.example.com: with https, cookies are sent over nothing else. Needed for an identity provider.',
      expected: 'an http:// or https:// URL without a path',
      pattern: httpUrl,
      defaultText: 'none: as the request says',
    }),
  ),
  sessionIdleMinutes: integer(1, 525_600, 60, {
    env: 'HEADRACE_SESSION_IDLE_MINUTES',
    description: "A browser's session ends when it was not used for so long.",
    unit: 'minutes',
  }),
  sessionHours: integer(1, 8_760, 12, {
    env: 'HEADRACE_SESSION_HOURS',
    description: "A browser's session ends after so long, whatever happens.",
    unit: 'hours',
  }),
  tokenHours: integer(1, 8_760, 24, {
    env: 'HEADRACE_TOKEN_HOURS',
    description: 'A bearer token of /auth/token ends after so long.',
    unit: 'hours',
  }),
  passwordCost: integer(10, 20, 15, {
    env: 'HEADRACE_PASSWORD_COST',
    description: 'The base-2 logarithm of the N of scrypt: each more doubles the time and the memory that a guess costs, and a login.',
  }),
  corsOrigins: Type.Array(Type.String({ pattern: '^https?://[^/?#*]+$' }), {
    env: 'HEADRACE_CORS_ORIGINS',
    description: 'Other sites whose pages may read answers, with a token and never with a cookie.',
    expected: 'origins such as https://tools.example.com, separated by commas',
    uniqueItems: true,
    default: [] as string[],
  }),
  trustProxy: Type.Array(Type.String({ pattern: '^[0-9A-Fa-f.:]+(/\\d{1,3})?$' }), {
    env: 'HEADRACE_TRUST_PROXY',
    description:
      'Addresses or networks of proxies before the API: what they say of the caller (X-Forwarded-For, X-Forwarded-Proto) is believed. Anybody else can say it too.',
    expected: 'IP addresses or networks such as 10.0.0.0/8, separated by commas',
    uniqueItems: true,
    default: [] as string[],
  }),
  refusedNetworks: Type.Array(Type.String({ pattern: '^(none|[0-9A-Fa-f.:]+(/\\d{1,3})?)$' }), {
    env: 'HEADRACE_REFUSED_NETWORKS',
    description:
      'Where neither a connection that is tested or looked into over the API, nor a webhook or a mail, may lead: by default the metadata services of clouds. `none`: anywhere.',
    expected: 'IP addresses or networks such as 169.254.0.0/16, separated by commas, or none',
    uniqueItems: true,
    default: [
      // AWS, Google, Azure, OpenStack and others; of AWS also those of containers.
      '169.254.0.0/16',
      'fe80::/10',
      // AWS, Google, Alibaba, Oracle, Azure.
      'fd00:ec2::/32',
      'fd20:ce::254',
      '100.100.100.200',
      '192.0.0.192',
      '168.63.129.16',
    ],
  }),
  oidcIssuer: Type.Optional(
    Type.String({
      env: 'HEADRACE_OIDC_ISSUER',
      description: 'The identity provider (OpenID Connect) by which people come in: https, or http on this machine.',
      expected: 'an https:// URL, or http:// on this machine',
      pattern: '^(https://|http://(localhost|127\\.0\\.0\\.1|\\[::1\\])(:|/|$))',
      defaultText: 'none',
    }),
  ),
  oidcClientId: Type.Optional(
    Type.String({
      env: 'HEADRACE_OIDC_CLIENT_ID',
      description: 'As which client the provider knows this Headrace. Its redirect URI is HEADRACE_PUBLIC_URL with /auth/oidc/callback.',
      expected: 'not empty',
      minLength: 1,
      defaultText: 'none',
    }),
  ),
  oidcClientSecret: Type.Optional(
    Type.String({
      env: 'HEADRACE_OIDC_CLIENT_SECRET',
      description: 'The secret of that client.',
      expected: 'not empty',
      minLength: 1,
      secret: true,
      defaultText: 'none: a public client',
    }),
  ),
  oidcScopes: Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]+$' }), {
    env: 'HEADRACE_OIDC_SCOPES',
    description: 'What the provider is asked for. `openid` must be among them.',
    expected: 'scopes, separated by commas',
    contains: Type.Literal('openid'),
    uniqueItems: true,
    default: ['openid', 'profile', 'email'],
  }),
  oidcGroupsClaim: Type.String({
    env: 'HEADRACE_OIDC_GROUPS_CLAIM',
    description: 'The claim of the ID token that holds the groups.',
    expected: 'the name of a claim',
    minLength: 1,
    default: 'groups',
  }),
  oidcRoles: Type.Array(Type.String({ pattern: '^.+=(viewer|user|op|admin)$' }), {
    env: 'HEADRACE_OIDC_ROLES',
    description:
      'Which groups have which roles: `data-platform=op`. Who is in none of them comes in with what was granted to the groups alone.',
    expected: 'group=role with the roles viewer, user, op and admin, separated by commas',
    uniqueItems: true,
    default: [] as string[],
  }),
};
