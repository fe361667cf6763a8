/**
 * Every route × everybody × own and foreign objects. What is expected is computed from `declared.ts` and the tables here, by other rules
 * than the code's: which role may what, what belongs to what.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { type ApiDeps, buildApi } from '../../src/index.ts';
import { authorization, createFixture } from '../support/fixture.ts';
import { CREDENTIALS, caller } from './callers.ts';
import { DECLARED } from './declared.ts';

const LEVELS = ['none', 'read', 'operate', 'edit', 'administer'] as const;
type Level = (typeof LEVELS)[number];

/** Docs: docs/access.md, "Roles". */
const ROLES: Readonly<Record<string, Readonly<Record<string, Level>>>> = {
  none: {},
  viewer: { asset: 'read', backfill: 'read', dag: 'read', data: 'read', notice: 'read', pool: 'read', run: 'read', system: 'read' },
  user: {
    asset: 'operate',
    backfill: 'operate',
    dag: 'operate',
    data: 'read',
    notice: 'read',
    pool: 'read',
    run: 'operate',
    system: 'read',
  },
  op: {
    asset: 'edit',
    backfill: 'edit',
    connection: 'edit',
    dag: 'edit',
    data: 'edit',
    notice: 'edit',
    pool: 'edit',
    run: 'edit',
    system: 'read',
    variable: 'edit',
  },
  admin: Object.fromEntries(
    ['asset', 'audit', 'backfill', 'connection', 'dag', 'data', 'history', 'notice', 'pool', 'run', 'system', 'user', 'variable'].map(
      (kind) => [kind, 'administer'],
    ),
  ) as Record<string, Level>,
};
const FAMILY: Readonly<Record<string, string>> = {
  dag: 'dag',
  run: 'dag',
  backfill: 'dag',
  notice: 'dag',
  data: 'dag',
  history: 'dag',
  asset: 'asset',
  connection: 'connection',
};
const NAMES: Readonly<Record<string, string>> = {
  ':dag_id': 'dag',
  ':asset_id': 'asset',
  ':asset_name': 'asset',
  ':connection_id': 'connection',
};

type Outcome = 'pass' | '401' | '403' | '404';
/** What a caller may: by role to everything, by grants to own objects. */
interface Caller {
  readonly label: string;
  readonly headers: Record<string, string>;
  readonly all: Readonly<Record<string, Level>>;
  readonly own: Level;
}

const atLeast = (has: Level | undefined, needed: string): boolean => LEVELS.indexOf(has ?? 'none') >= LEVELS.indexOf(needed as Level);

function expected(route: string, { all, own }: Caller, object: 'own' | 'foreign'): Outcome {
  const [action = '', kind = '', flag] = (DECLARED[route] ?? '').split(' ');
  if (action === 'public' || action === 'authenticated') return 'pass';
  if (atLeast(all[kind], action)) return 'pass';
  const named = route.split('/').flatMap((part) => NAMES[part] ?? []);
  const isGrantable = FAMILY[kind] !== undefined;
  if (named.length === 0) return isGrantable && flag !== 'every' && atLeast(own, action) ? 'pass' : '403';
  if (object === 'own' && atLeast(own, action)) return 'pass';
  const sees = atLeast(all[kind], 'read') || (object === 'own' && atLeast(own, 'read'));
  return sees || flag === 'creates' ? '403' : '404';
}

const GUARD_404 = new Set(['HR_DAG_NOT_FOUND', 'HR_ASSET_NOT_FOUND', 'HR_CONNECTION_NOT_FOUND']);

describe('the matrix of access', () => {
  let app: FastifyInstance;
  const callers: Caller[] = [];

  beforeAll(async () => {
    const { deps } = createFixture();
    app = await buildApi(reachable(deps));
    for (const role of Object.keys(ROLES)) {
      for (const kind of CREDENTIALS) {
        const roles = role === 'none' ? [] : [role as 'viewer'];
        const headers = await caller(deps.access, { name: `role_${role}`, roles }, kind);
        callers.push({ label: `${role} by ${kind}`, headers, all: ROLES[role] ?? {}, own: 'none' });
      }
    }
    callers.push({ label: 'the service', headers: { authorization }, all: ROLES.admin ?? {}, own: 'none' });
    for (const action of ['read', 'operate', 'edit'] as const) {
      const grants = (['dag', 'asset', 'connection'] as const).map((object) => ({ action, object, pattern: 'own_*' }));
      for (const kind of CREDENTIALS) {
        const headers = await caller(deps.access, { name: `granted_${action}`, grants }, kind);
        callers.push({ label: `granted ${action} by ${kind}`, headers, all: {}, own: action });
      }
      const scopes = grants.map((grant) => ({ ...grant, object: grant.object as string }));
      const headers = await caller(deps.access, { name: 'role_admin' }, 'key', scopes);
      callers.push({ label: `an administrator's key for ${action}`, headers, all: {}, own: action });
    }
  });
  afterAll(() => app.close());

  test('has every route, and each says what is declared', () => {
    const found = app.accessTable.flatMap(({ method, url, access }) => {
      if (method === 'HEAD' || method === 'OPTIONS') return [];
      const flag = typeof access === 'string' ? '' : access.every === true ? ' every' : access.creates === true ? ' creates' : '';
      return [[`${method} ${url}`, typeof access === 'string' ? access : `${access.action} ${access.object}${flag}`]];
    });
    expect(Object.fromEntries(found)).toEqual(DECLARED);
  });

  test('nobody comes in without a credential, whatever they bring', async () => {
    for (const route of guarded()) {
      for (const headers of [{}, { authorization: 'Bearer hr_wrong' }, { cookie: 'headrace_session=hrs_wrong' }])
        expect([route, await outcome(route, headers, 'own')]).toEqual([route, '401']);
    }
  });

  test.each(['own', 'foreign'] as const)(
    'everybody may what is theirs and nothing else: %s objects',
    async (object) => {
      const wrong: string[] = [];
      let asked = 0;
      for (const route of guarded()) {
        for (const one of callers) {
          const got = await outcome(route, one.headers, object);
          const want = expected(route, one, object);
          asked++;
          // What is everybody's own looks by itself at who asks: a key has no password.
          const isOwn = DECLARED[route] === 'authenticated' && got !== '401';
          if (got !== want && !isOwn) wrong.push(`${route} for ${one.label}: ${got}, expected ${want}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(asked).toBe(guarded().length * callers.length);
    },
    60_000,
  );

  /** Logging out comes last: it ends what the others come in by. */
  function guarded(): readonly string[] {
    const ends = (route: string): number => Number(/logout|DELETE .*sessions|DELETE .*tokens/.test(route));
    return Object.keys(DECLARED)
      .filter((route) => DECLARED[route] !== 'public')
      .filter((route) => ends(route) === 0);
  }

  async function outcome(route: string, headers: Record<string, string>, object: 'own' | 'foreign'): Promise<Outcome> {
    const [method, pattern = ''] = route.split(' ') as ['POST', string];
    const url = pattern.replaceAll(/:\w+/g, (name) => {
      if (name === ':asset_id') return object === 'own' ? '1' : '2';
      // Users and grants are real: those of the callers stay.
      if (name === ':grant_id') return '0';
      return NAMES[name] === undefined ? '1' : `${object}_1`;
    });
    const answer = await app.inject({
      method,
      url,
      headers,
      ...(method === 'POST' || method === ('PATCH' as string) ? { payload: {} } : {}),
    });
    const { code } = answer.headers['content-type']?.includes('json') === true && answer.body !== '' ? answer.json() : { code: '' };
    if (answer.statusCode === 401) return '401';
    if (answer.statusCode === 403) return '403';
    return answer.statusCode === 404 && GUARD_404.has(code) ? '404' : 'pass';
  }
});

/** Stores that answer nothing: whoever gets through to them has got through. Only assets are known, by their numbers. */
function reachable(deps: ApiDeps): ApiDeps {
  const reached = new Proxy(
    {},
    {
      get: () => () => {
        throw new Error('reached');
      },
    },
  );
  const names: Readonly<Record<string, string>> = { 1: 'own_1', 2: 'foreign_1' };
  const { access, audit, authenticate, log, metrics, version } = deps;
  const stores = Object.fromEntries(Object.keys(deps).map((name) => [name, reached]));
  const assets = {
    async asset({ assetId }: { readonly assetId?: string }) {
      if (assetId === undefined) throw new Error('reached');
      return { spec: { name: names[assetId] }, scheduled: [], producing: [], consuming: [] };
    },
  };
  const asked = async () => {
    throw new Error('reached');
  };
  const functions = { health: asked, validateParams: asked, connectionUrl: asked, logKeyOf: () => '' };
  return {
    ...stores,
    ...functions,
    stateChanges: { events: reached, states: reached },
    assets: new Proxy(assets, { get: (own, name) => Reflect.get(own, name) ?? Reflect.get(reached, name) }),
    access,
    audit,
    authenticate,
    log,
    metrics,
    version,
  } as unknown as ApiDeps;
}
