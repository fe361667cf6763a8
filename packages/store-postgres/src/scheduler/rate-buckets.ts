/** What is kept of token buckets: those that are not full. The caller holds the lock on giving slots. */
import type { Instant } from '@headrace/core';
import type { Queryable } from '../database.ts';

/** Parameters, one array entry a bucket: keys, when full again. Buckets that have long been full go, a few at a time. */
const SAVE = `
  with gone as (
    delete from rate_bucket where key in (
      select key from rate_bucket where full_at < extract(epoch from clock_timestamp())::float8 * 1000 - 60000 and key <> all($1) limit 100)
  )
  insert into rate_bucket (key, full_at) select * from unnest($1::text[], $2::float8[])
  on conflict (key) do update set full_at = excluded.full_at`;

export async function saveBuckets(
  client: Queryable,
  buckets: readonly { readonly key: string; readonly fullAt: Instant }[],
): Promise<void> {
  if (buckets.length === 0) return;
  await client.query({ name: 'save buckets', text: SAVE, values: [buckets.map(({ key }) => key), buckets.map(({ fullAt }) => fullAt)] });
}
