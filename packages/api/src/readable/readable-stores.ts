/**
 * The API's stores, narrowed to what the caller of the request that runs may see and do.
 *
 * RS1. Every resource asks these and no others: lists, single objects, what is nested in them, counts and batches are narrowed in one
 *      place, whichever route asks.
 * RS2. What may not be seen is not there: an object is undefined, a list shorter, a total smaller.
 * RS3. A store that is new to the API does not get through before somebody has said here whose it is: nothing is spread.
 * RS4. Routes are guarded before (http/access.ts); this holds where a route forgot to name what its body names.
 */
import type { ApiDeps } from '../deps.ts';
import { readableAssets } from './asset-store.ts';
import { readableAudit } from './audit-store.ts';
import { readableConnections } from './connection-book.ts';
import {
  readableBackfills,
  readableCommands,
  readableDataReports,
  readableNotices,
  readableProgress,
  readableQueries,
  readableRunCommands,
  readableVersions,
  readableWaits,
} from './dag-stores.ts';
import { mayAll, mayRead, VisibleDags } from './may.ts';

export function readableStores(deps: ApiDeps): ApiDeps {
  const { queries, tracing, timetables, registry } = deps;
  const dags = new VisibleDags(() => queries.dagIds());
  const readable = readableQueries(queries, dags);
  return {
    // What belongs to DAGs, assets and connections.
    queries: readable,
    commands: readableCommands(deps.commands, queries),
    runCommands: readableRunCommands(deps.runCommands),
    notices: readableNotices(deps.notices, dags),
    dagVersions: readableVersions(deps.dagVersions, dags),
    waits: readableWaits(deps.waits, dags),
    dataReports: readableDataReports(deps.dataReports, dags),
    lineage: {
      flows: async (...asked) => (await deps.lineage.flows(...asked)).filter(({ dagId }) => mayRead('data', dagId)),
      newestVersions: async (limit) => (await deps.lineage.newestVersions(limit)).filter(({ dagId }) => mayRead('dag', dagId)),
      // By ids that were had from there.
      declared: (versionIds) => deps.lineage.declared(versionIds),
    },
    progress: readableProgress(deps.progress),
    backfills: readableBackfills(deps.backfills),
    assets: readableAssets(deps.assets, dags),
    connections: readableConnections(deps.connections),
    catalog: {
      async importErrors() {
        if (mayAll('read', 'dag')) return deps.catalog.importErrors();
        return (await readable.importErrors({ limit: 1_000, offset: 0 })).items;
      },
    },

    // Asked with the key of a run or a task instance, and that is had from `queries`.
    explain: deps.explain,
    // Followed by one reader for all; resources/events.ts tells each caller only what it may read.
    stateChanges: deps.stateChanges,
    logKeyOf: (attempt) => deps.logKeyOf(attempt),
    objects: deps.objects,
    // Asked with what the route has been guarded for.
    connectionUrl: (connId) => deps.connectionUrl(connId),
    dataAdmin: deps.dataAdmin,
    validateParams: (dagId, params) => deps.validateParams(dagId, params),
    ...(timetables === undefined ? {} : { timetables }),
    // Of nobody in particular: who may have it says the route.
    pools: deps.pools,
    variables: deps.variables,
    settings: deps.settings,
    access: deps.access,
    audit: readableAudit(deps.audit),
    idempotency: deps.idempotency,
    authenticate: deps.authenticate,
    health: () => deps.health(),
    log: deps.log,
    metrics: deps.metrics,
    version: deps.version,
    ...(registry === undefined ? {} : { registry }),
    ...(tracing === undefined ? {} : { tracing }),
  };
}
