/** What people, waits and deadlines read of assets. */
import {
  type AssetEventFilter,
  type AssetEventRecord,
  type AssetFilter,
  type AssetRecord,
  type AssetReference,
  type EventRun,
  isVisible,
  type Listed,
  type NewestEvents,
  type Page,
  type PartitionRecord,
  type QueuedEventFilter,
  type Range,
  UnknownOrderError,
} from '@headrace/ports';
import type { AssetEventRow, AssetReferenceRow, AssetRow, QueuedAssetEventRow } from './asset-tables.ts';
import type { MemoryDatabase } from './database.ts';
import { compareIds } from './order.ts';

export function eventOf(db: MemoryDatabase, { interval: _, ...row }: AssetEventRow): AssetEventRecord {
  const { uri, group } = db.assetTables.assets.require(row.assetId).spec;
  return { ...row, ...(uri === undefined ? {} : { uri }), ...(group === undefined ? {} : { group }) };
}

type Compare<Row> = (a: Row, b: Row) => number;

function page<Row>(
  rows: readonly Row[],
  { limit, offset, orderBy = [] }: Page,
  orders: Readonly<Record<string, Compare<Row>>>,
): Listed<Row> {
  const terms = orderBy.map((term): Compare<Row> => {
    const isDescending = term.startsWith('-');
    const name = isDescending ? term.slice(1) : term;
    const compare = Object.hasOwn(orders, name) ? orders[name] : undefined;
    if (compare === undefined) throw new UnknownOrderError(name, Object.keys(orders).sort());
    return isDescending ? (a, b) => compare(b, a) : compare;
  });
  const ordered = rows.toSorted((a, b) => {
    for (const compare of terms) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return 0;
  });
  return { items: ordered.slice(offset, offset + limit), total: rows.length };
}

const byText =
  <Row>(of: (row: Row) => string | undefined): Compare<Row> =>
  (a, b) => {
    const [left = '', right = ''] = [of(a), of(b)];
    return left === right ? 0 : left < right ? -1 : 1;
  };

const EVENT_ORDERS: Readonly<Record<string, Compare<AssetEventRow>>> = {
  id: (a, b) => compareIds(a.eventId, b.eventId),
  timestamp: (a, b) => a.at - b.at,
  asset_id: (a, b) => compareIds(a.assetId, b.assetId),
  partition_key: byText((row) => row.partition),
  source_dag_id: byText((row) => row.source?.dagId),
  source_task_id: byText((row) => row.source?.taskId),
  source_run_id: byText((row) => row.source?.runId),
  source_map_index: (a, b) => (a.source?.mapIndex ?? -1) - (b.source?.mapIndex ?? -1),
};

export function listEvents(db: MemoryDatabase, filter: AssetEventFilter, wanted: Page): Listed<AssetEventRecord> {
  const { events } = db.assetTables;
  const rows = [...events.rows()].filter(
    (row) =>
      (filter.assetId ?? row.assetId) === row.assetId &&
      isVisible(filter.visible, row.asset) &&
      isLike(row.asset, filter.namePattern) &&
      (filter.partition ?? row.partition) === row.partition &&
      (filter.dagId ?? row.source?.dagId) === row.source?.dagId &&
      (filter.taskId ?? row.source?.taskId) === row.source?.taskId &&
      (filter.runId ?? row.source?.runId) === row.source?.runId &&
      (filter.mapIndex ?? row.source?.mapIndex) === row.source?.mapIndex &&
      isWithin(row.at, filter.at),
  );
  const { items, total } = page(rows, wanted, EVENT_ORDERS);
  return { items: items.map((row) => eventOf(db, row)), total };
}

/** As SQL's `ilike`, with any text before and after. */
function isLike(text: string | undefined, pattern: string | undefined): boolean {
  if (pattern === undefined) return true;
  const source = pattern
    .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  return text !== undefined && new RegExp(source, 'is').test(text);
}

function isWithin(at: number, { gte = -Infinity, gt = -Infinity, lte = Infinity, lt = Infinity }: Range = {}): boolean {
  return at >= gte && at > gt && at <= lte && at < lt;
}

export function newestEvents(db: MemoryDatabase, names: readonly string[]): readonly NewestEvents[] {
  return [...new Set(names)].flatMap((name) => {
    const asset = db.assetTables.assetsByName.first(name);
    if (asset === undefined) return [];
    const events = eventsInOrder(db, asset.assetId);
    const newest = events.at(-1);
    const [newestPartition] = events
      .filter((event) => event.partition !== undefined)
      .reverse()
      .sort((a, b) => byText<AssetEventRow>((row) => row.partition)(b, a));
    return [
      {
        asset: name,
        ...(newest === undefined ? {} : { newest: eventOf(db, newest) }),
        ...(newestPartition === undefined ? {} : { newestPartition: eventOf(db, newestPartition) }),
      },
    ];
  });
}

export function eventsInOrder(db: MemoryDatabase, assetId: string): AssetEventRow[] {
  return [...db.assetTables.eventsOfAsset.get(assetId)].sort((a, b) => a.at - b.at || compareIds(a.eventId, b.eventId));
}

export function triggeringEvents(db: MemoryDatabase, runKey: string): readonly AssetEventRecord[] {
  const { events, eventsOfRun } = db.assetTables;
  const ids = [...eventsOfRun.get(runKey)].map((row) => row.eventId).sort(compareIds);
  return ids.map((id) => eventOf(db, events.require(id)));
}

export function runsOfEvents(db: MemoryDatabase, eventIds: readonly string[]): readonly EventRun[] {
  const links = eventIds.flatMap((eventId) => [...db.assetTables.runsOfEvent.get(eventId)]);
  return links
    .sort((a, b) => compareIds(a.runKey, b.runKey) || compareIds(a.eventId, b.eventId))
    .map(({ runKey, eventId }) => {
      const { dagId, runId, status, partitionKey, logicalDate, intervalStart, intervalEnd, startedAt, endedAt, queuedAt } =
        db.runs.require(runKey);
      return {
        eventId,
        runKey,
        dagId,
        runId,
        status,
        ...(partitionKey === undefined ? {} : { partition: partitionKey }),
        ...(logicalDate === undefined ? {} : { logicalDate }),
        ...(intervalStart === undefined ? {} : { intervalStart }),
        ...(intervalEnd === undefined ? {} : { intervalEnd }),
        ...(startedAt === undefined ? {} : { startedAt }),
        ...(endedAt === undefined ? {} : { endedAt }),
        ...(queuedAt === undefined ? {} : { queuedAt }),
        newest: [...db.assetTables.eventsOfRun.get(runKey)].every((row) => compareIds(row.eventId, eventId) <= 0),
      };
    });
}

const ASSET_ORDERS: Readonly<Record<string, Compare<AssetRow>>> = {
  id: (a, b) => compareIds(a.assetId, b.assetId),
  name: byText((row) => row.name),
  uri: byText((row) => row.spec.uri),
  group: byText((row) => row.spec.group),
  created_at: (a, b) => a.createdAt - b.createdAt,
  updated_at: (a, b) => a.updatedAt - b.updatedAt,
};

export function listAssets(db: MemoryDatabase, filter: AssetFilter, wanted: Page): Listed<AssetRecord> {
  const rows = [...db.assetTables.assets.rows()].filter((row) => {
    const dagIds = livingReferences(db, row.assetId).map((reference) => reference.dagId);
    return (
      isVisible(filter.visible, row.name) &&
      isLike(row.name, filter.namePattern) &&
      isLike(row.spec.uri, filter.uriPattern) &&
      (filter.dagIds === undefined || dagIds.some((dagId) => filter.dagIds?.includes(dagId))) &&
      (filter.onlyActive !== true || dagIds.length > 0)
    );
  });
  const { items, total } = page(rows, wanted, ASSET_ORDERS);
  return { items: items.map((row) => assetOf(db, row)), total };
}

function livingReferences(db: MemoryDatabase, assetId: string): readonly AssetReferenceRow[] {
  return [...db.assetTables.referencesOfAsset.get(assetId)]
    .filter((reference) => db.dags.get(reference.dagId)?.removedAt === undefined)
    .sort((a, b) => byText<AssetReferenceRow>((row) => row.dagId)(a, b) || byText<AssetReferenceRow>((row) => row.taskId)(a, b));
}

export function assetOf(db: MemoryDatabase, { assetId, spec, createdAt, updatedAt }: AssetRow): AssetRecord {
  const references = livingReferences(db, assetId);
  const of = (kind: AssetReferenceRow['kind']): readonly AssetReference[] =>
    references.filter((row) => row.kind === kind).map(({ assetId: _, kind: __, ...reference }) => reference);
  const last = eventsInOrder(db, assetId).at(-1);
  return {
    assetId,
    spec,
    createdAt,
    updatedAt,
    scheduled: of('schedule').map(({ taskId: _, ...reference }) => reference),
    producing: of('outlet'),
    consuming: of('inlet'),
    ...(last === undefined ? {} : { lastEvent: { eventId: last.eventId, at: last.at } }),
  };
}

/** In the order in which they came. Those that make no run are not among them. */
export function queueRows(
  db: MemoryDatabase,
  { dagId, dagIds, assetId, before = Infinity }: QueuedEventFilter,
): readonly QueuedAssetEventRow[] {
  const { queued, queueOfDag, events } = db.assetTables;
  const rows = dagId === undefined ? queued.rows() : queueOfDag.get(dagId);
  return [...rows]
    .filter(
      (row) =>
        row.triggers &&
        (dagIds?.includes(row.dagId) ?? true) &&
        (assetId ?? row.assetId) === row.assetId &&
        events.require(row.eventId).at < before,
    )
    .sort((a, b) => compareIds(a.eventId, b.eventId) || (a.dagId < b.dagId ? -1 : 1));
}

export function partitionRecord(db: MemoryDatabase, assetId: string, key: string): PartitionRecord {
  const last = eventsInOrder(db, assetId).findLast((event) => event.partition === key);
  const makers = new Set([...db.assetTables.referencesOfAsset.get(assetId)].filter((row) => row.kind === 'outlet').map((row) => row.dagId));
  const runs = [...makers].flatMap((dagId) => [...db.runsOfDag.get(dagId)]).filter((run) => run.partitionKey === key);
  const newest = runs.sort((a, b) => compareIds(b.runKey, a.runKey))[0];
  return {
    key,
    ...(last === undefined
      ? {}
      : { lastEvent: { ...eventOf(db, last), ...(last.source === undefined ? {} : { runKey: last.source.runKey }) } }),
    ...(newest === undefined
      ? {}
      : {
          newestRun: {
            runKey: newest.runKey,
            dagId: newest.dagId,
            runId: newest.runId,
            status: newest.status,
            queuedAt: newest.queuedAt,
          },
        }),
  };
}
