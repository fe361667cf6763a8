/** Notices, saved in the transaction of what they tell of, and told to deliverers when it commits. */
import { createHash } from 'node:crypto';
import type { NewNotice } from '@headrace/ports';
import type { Queryable } from '../database.ts';
import { storableJson } from '../storable-json.ts';

export const NOTICES = 'headrace_notices';

/** Parameters, one array entry a notice: keys, their hashes, targets, payloads, versions. What is there already was told already. */
const SAVE = `
  with added as (
    insert into notice (key, idempotency_key, event, dag_id, run_id, target, payload, version_id)
    select n.key, n.idempotency_key, n.payload ->> 'event', n.payload ->> 'dagId', n.payload ->> 'runId', n.target, n.payload, n.version_id
    from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::bigint[]) as n (key, idempotency_key, target, payload, version_id)
    on conflict (idempotency_key) do nothing
    returning id
  )
  select pg_notify('${NOTICES}', '') from added limit 1`;

export async function saveNotices(client: Queryable, notices: readonly NewNotice[]): Promise<void> {
  if (notices.length === 0) return;
  // In one order everywhere, so that two transactions that tell the same do not wait for each other in turn.
  const ordered = notices.map((notice) => ({ ...notice, hash: idempotencyKey(notice.key) })).sort((a, b) => (a.hash < b.hash ? -1 : 1));
  await client.query({
    name: 'save notices',
    text: SAVE,
    values: [
      ordered.map((notice) => notice.key.replaceAll('\0', '').toWellFormed()),
      ordered.map((notice) => notice.hash),
      ordered.map((notice) => storableJson(notice.target)),
      ordered.map((notice) => storableJson(notice.payload)),
      ordered.map((notice) => notice.versionId ?? null),
    ],
  });
}

/** Short, printable and the same for the same key: it goes into headers. */
function idempotencyKey(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 40);
}
