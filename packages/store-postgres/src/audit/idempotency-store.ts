/** Idempotency keys: who comes first inserts the row, whoever comes after it reads what has become of it. */
import { randomUUID } from 'node:crypto';
import type { BegunRequest, IdempotencyStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { timestamp } from '../timestamp.ts';

interface Row {
  readonly claim: string;
  readonly request_hash: string;
  readonly status: number | null;
  readonly content_type: string | null;
  readonly body: string | null;
}

/** A row: this request goes on. It takes the place of what has expired, and of the same request whose lease has ended without an answer. */
const BEGIN = `
  insert into idempotency_key as k (scope, key, request_hash, claim, lease_until, expires_at)
  values ($1, $2, $3, $4, $6::timestamptz, $7::timestamptz)
  on conflict (scope, key) do update
    set request_hash = excluded.request_hash, claim = excluded.claim, lease_until = excluded.lease_until,
      expires_at = excluded.expires_at, status = null, content_type = null, body = null
    where k.expires_at <= $5::timestamptz
      or (k.status is null and k.lease_until <= $5::timestamptz and k.request_hash = excluded.request_hash)
  returning claim`;

const FIND = 'select claim, request_hash, status, content_type, body from idempotency_key where scope = $1 and key = $2';

const ANSWER = `
  update idempotency_key set status = $4, content_type = $5, body = $6
  where scope = $1 and key = $2 and claim = $3 and status is null`;

const RELEASE = 'delete from idempotency_key where scope = $1 and key = $2 and claim = $3 and status is null';

const SWEEP = `
  delete from idempotency_key where (scope, key) in (
    select scope, key from idempotency_key where expires_at <= $1::timestamptz order by expires_at limit $2 for update skip locked)`;

export function createIdempotencyStore(database: Database): IdempotencyStore {
  const work = () => database.lane('work');
  return {
    async begin({ scope, key, requestHash }, { now, leaseUntil, expiresAt }): Promise<BegunRequest> {
      const claim = randomUUID();
      const times = [timestamp(now), timestamp(leaseUntil), timestamp(expiresAt)];
      for (;;) {
        const { rowCount } = await work().query(BEGIN, [scope, key, requestHash, claim, ...times]);
        if (rowCount === 1) return { kind: 'new', claim };
        const [row] = (await work().query<Row>(FIND, [scope, key])).rows;
        // Released in between.
        if (row === undefined) continue;
        if (row.request_hash !== requestHash) return { kind: 'other-request' };
        if (row.status === null) return { kind: 'running' };
        const { status, content_type: contentType, body } = row;
        return {
          kind: 'answered',
          answer: { status, ...(contentType === null ? {} : { contentType }), ...(body === null ? {} : { body }) },
        };
      }
    },
    async answer({ scope, key }, claim, { status, contentType, body }) {
      await work().query(ANSWER, [scope, key, claim, status, contentType ?? null, body ?? null]);
    },
    async release({ scope, key }, claim) {
      await work().query(RELEASE, [scope, key, claim]);
    },
    async sweep(now, limit) {
      return (await work().query(SWEEP, [timestamp(now), limit])).rowCount ?? 0;
    },
  };
}
