/** Assets as the caller may see them: those of which it may read the name, and of their DAGs those that it may read. */
import { type AssetEventRecord, AssetNotFoundError, type AssetRecord } from '@headrace/ports';
import type { ApiDeps } from '../deps.ts';
import { mayAll, mayRead, requireOn, type VisibleDags, visibleTo } from './may.ts';

type Assets = ApiDeps['assets'];

export function readableAssets(store: Assets, dags: VisibleDags): Assets {
  const visible = () => {
    const names = visibleTo('read', 'asset');
    return names === undefined ? {} : { visible: names };
  };
  const find: Assets['asset'] = async (by) => {
    const found = await store.asset(by);
    return found !== undefined && mayRead('asset', found.spec.name) ? withReadableDags(found) : undefined;
  };
  /** Of an asset that is named by its id. */
  async function requireOnId(action: 'read' | 'edit', assetId: string): Promise<void> {
    if (mayAll(action, 'asset')) return;
    const found = await find({ assetId });
    if (found === undefined) throw new AssetNotFoundError(assetId);
    requireOn(action, 'asset', found.spec.name);
  }
  return {
    async addEvent(event, user) {
      requireOn('operate', 'asset', event.asset);
      return withReadableSource(await store.addEvent(event, user));
    },
    async assets(filter, page) {
      const { items, ...list } = await store.assets({ ...filter, ...visible() }, page);
      return { ...list, items: items.map(withReadableDags) };
    },
    asset: find,
    async events(filter, page) {
      const { items, ...list } = await store.events({ ...filter, ...visible() }, page);
      return { ...list, items: items.map(withReadableSource) };
    },
    runsOfEvents: async (eventIds) => (await store.runsOfEvents(eventIds)).filter(({ dagId }) => mayRead('run', dagId)),
    triggeringEvents: async (runKey) =>
      (await store.triggeringEvents(runKey)).filter(({ asset }) => mayRead('asset', asset)).map(withReadableSource),
    queuedEvents: async (filter) => store.queuedEvents(await dags.narrow(filter)),
    dropQueuedEvents: async (filter) => store.dropQueuedEvents(await dags.narrow(filter, 'operate')),
    async addedPartitions(assetId) {
      await requireOnId('read', assetId);
      return store.addedPartitions(assetId);
    },
    async addPartitions(assetId, partitions) {
      await requireOnId('edit', assetId);
      return store.addPartitions(assetId, partitions);
    },
    async removePartitions(assetId, partitions) {
      await requireOnId('edit', assetId);
      return store.removePartitions(assetId, partitions);
    },
    async partitions(assetId, keys) {
      await requireOnId('read', assetId);
      return store.partitions(assetId, keys);
    },
  };
}

function withReadableDags(asset: AssetRecord): AssetRecord {
  const isReadable = ({ dagId }: { readonly dagId: string }): boolean => mayRead('dag', dagId);
  const { scheduled, producing, consuming } = asset;
  return {
    ...asset,
    scheduled: scheduled.filter(isReadable),
    producing: producing.filter(isReadable),
    consuming: consuming.filter(isReadable),
  };
}

/** What a DAG told of that may not be seen looks as if it came from outside. */
function withReadableSource({ source, ...event }: AssetEventRecord): AssetEventRecord {
  return source === undefined || !mayRead('run', source.dagId) ? event : { ...event, source };
}
