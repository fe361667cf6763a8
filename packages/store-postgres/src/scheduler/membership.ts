/**
 * Schedulers as members, and the shards of runs that they share.
 *
 * H1. A shard has one owner at most, and an owner that is alive, or none. H2. Each member holds at most
 *     ceil(shards / members): who has more gives away, who has less takes. So within two heartbeats of the last change
 *     every shard has an owner.
 * H3. Owning is about who does the work, not about who may: every decision is guarded by the rows it changes.
 */
import type pg from 'pg';
import type { Queryable } from '../database.ts';
import { transaction } from '../transaction.ts';

const LOCK = 7_428_002;

const RENEW = `
  insert into scheduler as s (scheduler_id, heartbeat_at, lease_until)
  values ($1, now(), now() + $2::bigint * interval '1 millisecond')
  on conflict (scheduler_id) do update set heartbeat_at = excluded.heartbeat_at, lease_until = excluded.lease_until`;

/** Keeps the lowest of mine up to the fair share, gives away the rest, and takes shards of nobody living up to the share. */
const SHARE = `
  with alive as (select scheduler_id from scheduler where lease_until > now()),
  fair as (select ceil(32.0 / greatest(1, count(*)))::integer as share from alive),
  mine as (select shard, row_number() over (order by shard) as place from scheduler_shard where scheduler_id = $1),
  free as (
    select s.shard, row_number() over (order by s.shard) as place
    from scheduler_shard s
    where s.scheduler_id is null or not exists (select from alive a where a.scheduler_id = s.scheduler_id)
  ),
  wanted as (
    select m.shard, $1 as owner from mine m, fair f where m.place <= f.share
    union all
    select m.shard, null from mine m, fair f where m.place > f.share
    union all
    select shard, $1 from free, fair f where place <= f.share - (select count(*) from mine)
  ),
  moved as (
    update scheduler_shard s set scheduler_id = w.owner from wanted w
    where s.shard = w.shard and s.scheduler_id is distinct from w.owner
  )
  select shard from wanted where owner = $1 order by shard`;

export async function heartbeat(pool: pg.Pool, schedulerId: string, ttlMs: number): Promise<readonly number[]> {
  return transaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await client.query({ name: 'renew membership', text: RENEW, values: [schedulerId, ttlMs] });
    const { rows } = await client.query<{ shard: number }>({ name: 'share shards', text: SHARE, values: [schedulerId] });
    return rows.map((row) => row.shard);
  });
}

export async function leave(db: Queryable, schedulerId: string): Promise<void> {
  await db.query(
    `with gone as (delete from scheduler where scheduler_id = $1)
     update scheduler_shard set scheduler_id = null where scheduler_id = $1`,
    [schedulerId],
  );
}

/** Removes what has been dead for so long. Answers with how many. */
export async function forgetDead(db: Queryable, deadForMs: number): Promise<number> {
  const { rows } = await db.query<{ forgotten: number }>(
    `with before as (select now() - $1::bigint * interval '1 millisecond' as instant),
     workers as (delete from worker using before where lease_until < instant returning 1),
     schedulers as (delete from scheduler using before where lease_until < instant returning 1)
     select ((select count(*) from workers) + (select count(*) from schedulers))::integer as forgotten`,
    [deadForMs],
  );
  return rows[0]?.forgotten ?? 0;
}
