/** Assets as people see them, with the DAGs and tasks that name them. */
import type { AssetSpec, Instant } from '@headrace/core';
import type { AssetFilter, AssetRecord, AssetReference, Listed, Page } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list } from '../queries/list.ts';

interface Row {
  readonly id: string;
  readonly spec: AssetSpec;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  readonly last_event_id: string | null;
  readonly last_event_at: Instant | null;
}

interface ReferenceRow {
  readonly asset_id: string;
  readonly kind: 'schedule' | 'outlet' | 'inlet';
  readonly dag_id: string;
  readonly task_id: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

const ASSETS: ListQuery<Row, Row> = {
  columns: 'a.id, a.spec, a.created_at, a.updated_at, l.id as last_event_id, l.at as last_event_at',
  from: `asset a left join lateral (
    select id, at from asset_event e where e.asset_id = a.id order by e.at desc, e.id desc limit 1
  ) l on true`,
  order: {
    id: 'a.id',
    name: 'a.name',
    uri: "a.spec ->> 'uri'",
    group: "a.spec ->> 'group'",
    created_at: 'a.created_at',
    updated_at: 'a.updated_at',
  },
  key: 'a.id',
  item: (row) => row,
};

/** In a DAG that is in a file. */
const REFERRED = 'select from asset_reference r join dag d on d.dag_id = r.dag_id and d.removed_at is null where r.asset_id = a.id';

export async function listAssets(db: Queryable, filter: AssetFilter, page: Page): Promise<Listed<AssetRecord>> {
  const conditions = new Conditions()
    .visible('a.name', filter.visible)
    .like('a.name', filter.namePattern)
    .like("a.spec ->> 'uri'", filter.uriPattern)
    .add(`exists (${REFERRED} and r.dag_id = any(?))`, filter.dagIds);
  if (filter.onlyActive === true) conditions.require(`exists (${REFERRED})`);
  const { items, total } = await list(db, ASSETS, conditions, page);
  return { items: await withReferences(db, items), total };
}

export async function findAsset(
  db: Queryable,
  by: { readonly assetId: string } | { readonly name: string },
): Promise<AssetRecord | undefined> {
  const conditions = 'assetId' in by ? new Conditions().add('a.id = ?', by.assetId) : new Conditions().add('a.name = ?', by.name);
  const { items } = await list(db, ASSETS, conditions, { limit: 1, offset: 0 });
  const [asset] = await withReferences(db, items);
  return asset;
}

async function withReferences(db: Queryable, rows: readonly Row[]): Promise<readonly AssetRecord[]> {
  const references = await db.query<ReferenceRow>(
    `select r.asset_id, r.kind, r.dag_id, r.task_id, r.created_at, r.updated_at
     from asset_reference r join dag d on d.dag_id = r.dag_id and d.removed_at is null
     where r.asset_id = any($1) order by r.dag_id, r.task_id`,
    [rows.map((row) => row.id)],
  );
  const of = (row: Row, kind: ReferenceRow['kind']): readonly AssetReference[] =>
    references.rows.filter((reference) => reference.asset_id === row.id && reference.kind === kind).map(referenceOf);
  return rows.map((row) => {
    const { last_event_id: eventId, last_event_at: at } = row;
    return {
      assetId: row.id,
      spec: row.spec,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      scheduled: of(row, 'schedule').map(({ taskId: _, ...reference }) => reference),
      producing: of(row, 'outlet'),
      consuming: of(row, 'inlet'),
      ...(eventId === null || at === null ? {} : { lastEvent: { eventId, at } }),
    };
  });
}

function referenceOf(row: ReferenceRow): AssetReference {
  return { dagId: row.dag_id, taskId: row.task_id, createdAt: row.created_at, updatedAt: row.updated_at };
}
