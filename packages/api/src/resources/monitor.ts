import { HealthInfo, VersionInfo } from '@headrace/api-contract';
import { Type } from 'typebox';
import { dateTimeOrNull } from '../answers/date-times.ts';
import type { ApiDeps } from '../deps.ts';
import { answers } from '../http/route-schema.ts';
import type { Routes } from './context.ts';

const open = { config: { access: 'public' } } as const;

export const monitorRoutes: Routes = async (app, { deps }) => {
  app.get(
    '/monitor/health',
    { ...open, schema: { operationId: 'get_health', tags: ['Monitor'], security: [], response: { 200: HealthInfo } } },
    async () => healthOf(deps),
  );

  app.get(
    '/version',
    // Airflow's client asks without a token: it tells nothing that a stranger could use.
    { ...open, schema: { operationId: 'get_version', tags: ['Version'], response: answers(VersionInfo) } },
    async () => ({
      version: deps.version,
      git_version: null,
    }),
  );
};

/** Outside of /api/v2: for Prometheus. */
export const metricsRoutes: Routes = async (app, { deps: { registry } }) => {
  if (registry === undefined) return;
  app.get('/metrics', { ...open, schema: { hide: true, response: { 200: Type.String() } } }, async (_, reply) => {
    const text = await registry.metrics();
    return reply.type(registry.contentType).serializer(String).send(text);
  });
};

/** Always 200, as in Airflow: what is unhealthy stands in the answer. */
async function healthOf({ health, log }: ApiDeps): Promise<HealthInfo> {
  const found = await health().catch((error: unknown) => {
    log.warn({ err: error }, 'the database cannot be reached');
    return undefined;
  });
  const schedulers = latestOf(found?.schedulers);
  const workers = latestOf(found?.workers);
  const slots = found?.workers.reduce((sum, worker) => sum + (worker.alive ? worker.slots : 0), 0) ?? 0;
  return {
    metadatabase: { status: found === undefined ? 'unhealthy' : 'healthy' },
    scheduler: { status: schedulers.status, latest_scheduler_heartbeat: schedulers.heartbeat },
    triggerer: { status: null, latest_triggerer_heartbeat: null },
    dag_processor: { status: schedulers.status, latest_dag_processor_heartbeat: schedulers.heartbeat },
    workers: { status: workers.status, alive: workers.alive, slots, latest_worker_heartbeat: workers.heartbeat },
  };
}

function latestOf(members: readonly { readonly heartbeatAt: number; readonly alive: boolean }[] = []) {
  const alive = members.filter((member) => member.alive).length;
  const latest = members.reduce<number | undefined>((newest, { heartbeatAt }) => Math.max(newest ?? heartbeatAt, heartbeatAt), undefined);
  return { status: alive > 0 ? ('healthy' as const) : ('unhealthy' as const), alive, heartbeat: dateTimeOrNull(latest) };
}
