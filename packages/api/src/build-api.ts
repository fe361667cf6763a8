/**
 * The HTTP API: Airflow's REST API v2 under /api/v2, what it lacks under /headrace/v1, `/metrics`, `/openapi.json`.
 *
 * F1. Handlers translate and delegate; what may happen is decided by the core, behind `RunCommands` and the store.
 * F2. Every answer that is not a success is problem JSON.
 */
import { randomUUID } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import { VersionBook } from './answers/version-book.ts';
import type { ApiDeps } from './deps.ts';
import { guardRoutes } from './http/access.ts';
import { watchMethods } from './http/allowed-methods.ts';
import { auditRequests } from './http/audit-requests.ts';
import { allowOrigins } from './http/cross-origin.ts';
import { serveDocs } from './http/docs-page.ts';
import { keepAnswers } from './http/idempotent-requests.ts';
import { describeApi } from './http/openapi.ts';
import { answerFrameworkError, answerProblems, answerUnreadable } from './http/problem-answers.ts';
import { observeRequests } from './http/request-log.ts';
import { protectAnswers } from './http/security-headers.ts';
import { traceRequests } from './http/trace-requests.ts';
import type { SchemaTypes } from './http/type-provider.ts';
import { userCredentials } from './http/user-credentials.ts';
import { compileValidator, refuseNullBodies } from './http/validation.ts';
import { readableStores } from './readable/readable-stores.ts';
import { assetPartitionRoutes } from './resources/asset-partitions.ts';
import { assetRoutes } from './resources/assets.ts';
import { auditRoutes, eventLogRoutes } from './resources/audit.ts';
import { firstAdminRoutes, identityProviderRoutes, sessionRoutes, tokenLoginRoutes } from './resources/auth.ts';
import { backfillRoutes, backfillRunRoutes } from './resources/backfills.ts';
import { changeInstanceRoutes } from './resources/change-instances.ts';
import { clearRoutes } from './resources/clear.ts';
import { connectionRoutes } from './resources/connections.ts';
import { cursorRoutes } from './resources/cursors.ts';
import { dagFactRoutes } from './resources/dag-facts.ts';
import { dagRunRoutes } from './resources/dag-runs.ts';
import { dagSpecRoutes } from './resources/dag-spec.ts';
import { dagSourceRoutes, dagVersionDiffRoutes, dagVersionRoutes } from './resources/dag-versions.ts';
import { dagRoutes } from './resources/dags.ts';
import { dataReportRoutes } from './resources/data-reports.ts';
import { eventRoutes } from './resources/events.ts';
import { dependencyRoutes, explainRoutes } from './resources/explain.ts';
import { grantRoutes } from './resources/grants.ts';
import { hitlRoutes } from './resources/hitl.ts';
import { importErrorRoutes } from './resources/import-errors.ts';
import { lineageRoutes } from './resources/lineage.ts';
import { liveLogRoutes } from './resources/live-logs.ts';
import { logSearchRoutes } from './resources/log-search.ts';
import { Lookup } from './resources/lookup.ts';
import { markRoutes } from './resources/mark.ts';
import { meRoutes } from './resources/me.ts';
import { metricsRoutes, monitorRoutes } from './resources/monitor.ts';
import { noticeRoutes } from './resources/notices.ts';
import { ownConnectionRoutes } from './resources/own-connections.ts';
import { poolRoutes } from './resources/pools.ts';
import { probeRoutes } from './resources/probes.ts';
import { progressRoutes } from './resources/progress.ts';
import { queuedEventRoutes } from './resources/queued-events.ts';
import { serverRoutes } from './resources/server.ts';
import { publicOriginOf } from './resources/sign-in.ts';
import { taskInstanceRoutes } from './resources/task-instances.ts';
import { taskLogRoutes } from './resources/task-logs.ts';
import { taskRoutes } from './resources/tasks.ts';
import { toSignInRoutes } from './resources/to-sign-in.ts';
import { apiKeyRoutes } from './resources/tokens.ts';
import { upcomingRunRoutes } from './resources/upcoming-runs.ts';
import { userRoutes } from './resources/users.ts';
import { variableRoutes } from './resources/variables.ts';
import { waitForRunRoutes } from './resources/wait-for-run.ts';
import { waitRoutes } from './resources/waits.ts';
import { xcomRoutes } from './resources/xcoms.ts';

const MAX_BODY_BYTES = 1024 * 1024;
/** Run ids may be long, and task ids too. */
const MAX_SEGMENT_LENGTH = 500;

/**
 * The API, ready to `listen` or `inject`.
 * @throws UndeclaredAccessError when a route does not say who may call it.
 */
export async function buildApi(deps: ApiDeps): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle',
    clientErrorHandler: answerUnreadable,
    trustProxy: trustedProxies(deps.access.settings.trustProxy),
    routerOptions: { maxParamLength: MAX_SEGMENT_LENGTH },
    frameworkErrors: (error, request, reply) => answerFrameworkError(error, request, reply, deps.log),
  }).withTypeProvider<SchemaTypes>();
  app.setValidatorCompiler(compileValidator);
  // Answers are checked by the compiler of TypeScript; nothing may drop a field of them on the way.
  app.setSerializerCompiler(() => JSON.stringify);
  const { access } = deps;
  const publicOrigin = publicOriginOf(access);
  protectAnswers(app);
  allowOrigins(app, access.settings.corsOrigins);
  guardRoutes(app, {
    authenticate: userCredentials(deps.authenticate, access),
    assetName: async (assetId) => (await deps.assets.asset({ assetId }))?.spec.name,
    ...(publicOrigin === undefined ? {} : { publicOrigin }),
  });
  keepAnswers(app, deps.idempotency, access.now, deps.log);
  auditRequests(app, { audit: deps.audit, now: access.now, log: deps.log });
  observeRequests(app, deps);
  traceRequests(app, deps.tracing);
  answerProblems(app, deps.log, watchMethods(app));
  refuseNullBodies(app);
  describeApi(app, deps.version);
  serveDocs(app);

  const readable = readableStores(deps);
  // What was read of a version is kept for all callers: whoever asks for one has found what it belongs to.
  const context = { deps: readable, versions: new VersionBook(deps.queries), lookup: new Lookup(readable.queries) };
  await app.register(
    async (v2) => {
      for (const routes of resources) await v2.register(routes, context);
    },
    { prefix: '/api/v2' },
  );
  await app.register(
    async (v1) => {
      for (const routes of ownResources) await v1.register(routes, context);
    },
    { prefix: '/headrace/v1' },
  );
  await app.register(
    async (auth) => {
      for (const routes of authResources) await auth.register(routes, context);
    },
    { prefix: '/auth' },
  );
  await app.register(metricsRoutes, context);
  await app.register(probeRoutes, context);
  await app.ready();
  return app;
}

const authResources = [tokenLoginRoutes, sessionRoutes, identityProviderRoutes, firstAdminRoutes] as const;

const resources = [
  monitorRoutes,
  toSignInRoutes,
  dagRoutes,
  dagVersionRoutes,
  dagSourceRoutes,
  taskRoutes,
  importErrorRoutes,
  dagRunRoutes,
  assetRoutes,
  queuedEventRoutes,
  backfillRoutes,
  taskInstanceRoutes,
  hitlRoutes,
  taskLogRoutes,
  xcomRoutes,
  clearRoutes,
  markRoutes,
  poolRoutes,
  connectionRoutes,
  variableRoutes,
  dagFactRoutes,
  waitForRunRoutes,
  dependencyRoutes,
  changeInstanceRoutes,
  serverRoutes,
  eventLogRoutes,
] as const;

/** What Airflow's API lacks. */
const ownResources = [
  assetPartitionRoutes,
  upcomingRunRoutes,
  backfillRunRoutes,
  eventRoutes,
  explainRoutes,
  dagVersionDiffRoutes,
  dagSpecRoutes,
  noticeRoutes,
  waitRoutes,
  ownConnectionRoutes,
  progressRoutes,
  dataReportRoutes,
  cursorRoutes,
  lineageRoutes,
  liveLogRoutes,
  logSearchRoutes,
  meRoutes,
  userRoutes,
  apiKeyRoutes,
  grantRoutes,
  auditRoutes,
] as const;

/** None: what a proxy says of the caller is not believed, for anybody can say it. */
function trustedProxies(addresses: readonly string[]): boolean | string[] {
  return addresses.length === 0 ? false : [...addresses];
}
