/**
 * Removing records that stand for themselves: each kind is looked through in the order of an index, a bounded number of rows at a time,
 * and what may go is removed by key.
 */
import type { RetentionKind, RetentionResult, RetentionStep } from '@headrace/ports';
import type pg from 'pg';
import { timestamp } from '../timestamp.ts';
import { sqlStateOf } from '../transaction.ts';
import { cursorOf, type Place } from './cursor.ts';

export type RecordKind = Exclude<RetentionKind, 'runs' | 'logs' | 'results' | 'processes' | 'audit'>;

interface Kind {
  /**
   * Rows with `id`, `at`, `may_go`, `old`, in order; after one that is not old there is none that is. Parameters: before, the place after
   * which to look (2), how many.
   */
  readonly look: string;
  /** Parameter: ids. Those that somebody has locked are passed over. */
  readonly remove: string;
  /** Both have one parameter more, the last: how many of the newest stay. */
  readonly keepsNewest?: true;
}

const byId = (table: string, key = 'id', type = 'bigint', still = 'true'): string => `
  delete from ${table} where ${key} in (select ${key} from ${table} x where ${key} = any($1::${type}[]) and ${still} for update skip locked)`;

/** Nobody refers to the version `x`, and as many newer ones of its DAG are there as are to stay: at least one. */
const unreferenced = (keepNewest: string): string => `
  not exists (select from dag d where d.version_id = x.id and d.dag_id = x.dag_id)
  and not exists (select from dag_run r where r.version_id = x.id)
  and not exists (select from notice n where n.version_id = x.id)
  and not exists (select from backfill b where b.dag_id = x.dag_id and b.version_id = x.id)
  and exists (
    select from dag_version n where n.dag_id = x.dag_id and n.number > x.number
    order by n.number offset greatest(${keepNewest}::integer - 1, 0) limit 1)`;

const UNUSED_BUNDLE = 'not exists (select from dag_version v where v.bundle_hash = x.hash)';

const KINDS: Readonly<Record<RecordKind, Kind>> = {
  // Ids are in the order of creation.
  notices: {
    look: `
      select id, '-infinity' as at, created_at < $1 as old,
        state in ('delivered', 'dead') and coalesce(delivered_at, created_at) < $1 as may_go
      from (
        select id, state, created_at, delivered_at from notice where id > $3::bigint and $2::timestamptz is not null order by id limit $4
      ) n
      order by id`,
    remove: byId('notice', 'id', 'bigint', "x.state in ('delivered', 'dead')"),
  },
  // The newest of each place and partition stays: it tells what is there now.
  data_loads: {
    look: `
      select l.id, l.committed_at::text as at, true as old, exists (
        select from data_load n
        where n.connection = l.connection and n.place = l.place and n.partition_key = l.partition_key and n.id > l.id) as may_go
      from (
        select id, connection, place, partition_key, committed_at from data_load
        where committed_at < $1 and (committed_at, id) > ($2::timestamptz, $3::bigint) order by committed_at, id limit $4
      ) l
      order by l.committed_at, l.id`,
    remove: byId('data_load'),
  },
  data_checks: {
    look: `
      select id, checked_at::text as at, true as old, true as may_go from data_check
      where checked_at < $1 and (checked_at, id) > ($2::timestamptz, $3::bigint) order by checked_at, id limit $4`,
    remove: byId('data_check'),
  },
  // Those that nobody has consumed, that tell why a run is there, or what an asset or a partition of it is now, stay.
  asset_events: {
    look: `
      select e.id, '-infinity' as at, e.at < $1 as old, e.at < $1
        and not exists (select from queued_asset_event q where q.event_id = e.id)
        and not exists (select from run_asset_event r where r.event_id = e.id)
        and case when e.partition_key is null
          then exists (select from asset_event n where n.asset_id = e.asset_id and (n.at, n.id) > (e.at, e.id) and n.partition_key is null)
          else exists (select from asset_event n
            where n.asset_id = e.asset_id and n.partition_key = e.partition_key and (n.at, n.id) > (e.at, e.id))
        end as may_go
      from (select id, asset_id, partition_key, at from asset_event where id > $3::bigint and $2::timestamptz is not null order by id limit $4) e
      order by e.id`,
    remove: byId('asset_event', 'id', 'bigint', 'not exists (select from queued_asset_event q where q.event_id = x.id)'),
  },
  dag_versions: {
    look: `
      select x.id, '-infinity' as at, x.created_at < $1 as old, x.created_at < $1 and ${unreferenced('$5')} as may_go
      from (
        select id, dag_id, number, created_at from dag_version where id > $3::bigint and $2::timestamptz is not null order by id limit $4
      ) x
      order by x.id`,
    remove: byId('dag_version', 'id', 'bigint', unreferenced('$2')),
    keepsNewest: true,
  },
  bundles: {
    look: `
      select x.hash as id, '-infinity' as at, true as old, x.created_at < $1 and ${UNUSED_BUNDLE} as may_go
      from (select hash, created_at from bundle where hash > $3::text and $2::timestamptz is not null order by hash limit $4) x
      order by x.hash`,
    remove: byId('bundle', 'hash', 'text', UNUSED_BUNDLE),
  },
};

export async function removeRecords(
  pool: pg.Pool,
  kind: RecordKind,
  { before, limit, dryRun = false, keepNewest = 0 }: RetentionStep,
  after: Place,
): Promise<RetentionResult> {
  const { look, remove, keepsNewest = false } = KINDS[kind];
  const most = keepsNewest ? [keepNewest] : [];
  const { rows } = await pool.query<Place & { readonly may_go: boolean; readonly old: boolean }>({
    name: `look for old ${kind}`,
    text: look,
    values: [timestamp(before), after.at, after.id, limit, ...most],
  });
  const ids = rows.filter((row) => row.may_go).map(({ id }) => id);
  const removed = dryRun || ids.length === 0 ? ids.length : await removeByKey(pool, `remove old ${kind}`, remove, [ids, ...most]);
  const last = rows.at(-1);
  return { removed: { [kind]: removed }, ...(rows.length < limit || last?.old !== true ? {} : { next: cursorOf(last) }) };
}

/** Somebody may have begun to refer to one of them: then none goes this time. */
async function removeByKey(pool: pg.Pool, name: string, text: string, values: readonly unknown[]): Promise<number> {
  try {
    return (await pool.query({ name, text, values: [...values] })).rowCount ?? 0;
  } catch (error) {
    if (sqlStateOf(error) === FOREIGN_KEY_VIOLATION) return 0;
    throw error;
  }
}

const FOREIGN_KEY_VIOLATION = '23503';
