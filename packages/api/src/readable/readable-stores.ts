/**
 * The API's stores, narrowed to what the caller of the request that runs may see and do.
 *
 * RS1. Every resource asks these and no others: lists, single objects, what is nested in them, counts and batches are narrowed in one
 *      place, whichever route asks.
 * RS2. What may not be seen is not there: an object is undefined, a list shorter, a total smaller.
 * RS3. Routes are guarded before (http/access.ts); this holds where a route forgot to name what its body names.
 */
import type { ApiDeps } from '../deps.ts';
import { readableAssets } from './asset-store.ts';
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
import { mayAll, VisibleDags } from './may.ts';

export function readableStores(deps: ApiDeps): ApiDeps {
  const { queries } = deps;
  const dags = new VisibleDags(() => queries.dagIds());
  const readable = readableQueries(queries, dags);
  return {
    ...deps,
    queries: readable,
    commands: readableCommands(deps.commands, queries),
    runCommands: readableRunCommands(deps.runCommands),
    notices: readableNotices(deps.notices, dags),
    dagVersions: readableVersions(deps.dagVersions, dags),
    waits: readableWaits(deps.waits, dags),
    dataReports: readableDataReports(deps.dataReports, dags),
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
  };
}
