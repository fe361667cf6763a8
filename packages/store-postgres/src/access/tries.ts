/** Counts of tries to come in, shared by all API processes: what is counted is counted before the password is looked at. */
import type { Instant } from '@headrace/core';
import { type AccessStore, heldBackMs, type TryLimit } from '@headrace/ports';
import type { Database } from '../database.ts';
import { timestamp } from '../timestamp.ts';
import { transaction } from '../transaction.ts';

interface Row {
  readonly key: string;
  readonly tries: number;
  readonly next_at: Instant;
  readonly forget_at: Instant;
}

/** Rows to be locked must be there. In the order of keys, so that two that count the same ones do not wait for each other. */
const PREPARE = `
  insert into access_try (key, tries, next_at, forget_at)
  select key, 0, $2::timestamptz, $2::timestamptz from unnest($1::text[]) as key order by key
  on conflict (key) do nothing`;

const LOCK = 'select key, tries, next_at, forget_at from access_try where key = any($1) order by key for update';

const COUNT = `
  update access_try t set tries = n.tries, next_at = n.next_at, forget_at = $4::timestamptz
  from unnest($1::text[], $2::integer[], $3::timestamptz[]) as n(key, tries, next_at)
  where t.key = n.key`;

export function tryStore(database: Database): Pick<AccessStore, 'countTry' | 'forgiveTries'> {
  const work = () => database.lane('work');
  return {
    countTry: (limits, now, forgetMs) =>
      transaction(work(), async (client) => {
        const keys = limits.map(({ key }) => key);
        await client.query(PREPARE, [keys, timestamp(now)]);
        const { rows } = await client.query<Row>(LOCK, [keys]);
        const wait = Math.max(0, ...rows.map((row) => row.next_at - now));
        if (wait > 0) return wait;
        const counted = rows.map((row) => afterOneMore(row, limits, now));
        const columns = [counted.map(({ key }) => key), counted.map(({ tries }) => tries), counted.map(({ nextAt }) => timestamp(nextAt))];
        await client.query(COUNT, [...columns, timestamp(now + forgetMs)]);
        return 0;
      }),

    async forgiveTries(key) {
      await work().query('delete from access_try where key = $1', [key]);
    },
  };
}

function afterOneMore({ key, tries, forget_at }: Row, limits: readonly TryLimit[], now: Instant) {
  const limit = limits.find((one) => one.key === key) as TryLimit;
  const count = (forget_at <= now ? 0 : tries) + 1;
  return { key, tries: count, nextAt: now + heldBackMs(limit, count) };
}
