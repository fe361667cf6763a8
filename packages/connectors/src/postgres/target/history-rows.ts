/**
 * Staged rows as versions (SCD2), inside one transaction, by statements about sets. Only what differs is written.
 *
 * H1. Versions of a key never overlap: each ends where the next begins, or where the key was missing.
 * H2. Without a column for it, all versions of a load begin at the load's instant T, and what a load says of T takes the place of what
 *     an earlier run of it said. A load that speaks of a time before one that the table knows is refused, unless it says nothing new.
 * H3. With a column, a version is what the last load said of a key and an instant: the order of loads makes no difference.
 */
import { DataError, VALID_FROM, VALID_TO } from '@headrace/dataplane';
import type { Column, Scd2Disposition } from '@headrace/sdk';
import type pg from 'pg';
import { quote } from '../sql-text.ts';
import { differs, names, sameKeys } from './compare.ts';
import type { RowChanges } from './load-record.ts';
import { lockTable } from './replace-rows.ts';
import type { TargetTable } from './target-table.ts';

export interface History {
  readonly stage: string;
  readonly table: TargetTable;
  readonly columns: readonly Column[];
  readonly disposition: Scd2Disposition;
  /** T. */
  readonly at: Date;
  readonly staged: number;
  /** Whether a later load of the same task has committed. */
  readonly later: boolean;
}

/** Throws DataError HR_HISTORY_OUT_OF_ORDER. */
export async function keepVersions(client: pg.Client, history: History): Promise<RowChanges> {
  await lockTable(client, history.table);
  const { validFrom, missing } = history.disposition;
  if (validFrom === undefined || missing === 'close') {
    if (await outOfOrder(client, history)) {
      if (await isKnown(client, history)) return { inserted: 0, updated: 0, deleted: 0, unchanged: history.staged };
      throw new DataError(
        'HR_HISTORY_OUT_OF_ORDER',
        `${history.table.label}: this load says what was valid at ${history.at.toISOString()}, but the table already knows of a later time, and the two cannot be told apart. Run the loads in the order of their intervals (concurrency 1), or say with "validFrom" since when each row is valid`,
      );
    }
  }
  return validFrom === undefined ? snapshot(client, history) : events(client, history, validFrom);
}

async function snapshot(client: pg.Client, { stage, table, columns, disposition, at, staged }: History): Promise<RowChanges> {
  const { scd2: keys, missing } = disposition;
  const others = columns.filter(({ name }) => !keys.includes(name));
  const given = `exists (select from ${stage} s where ${sameKeys(keys)})`;
  /** The version just before T, of the row that has the alias. */
  const before = (alias: string): string => `${alias}.${VALID_FROM} < $1 and (${alias}.${VALID_TO} is null or ${alias}.${VALID_TO} >= $1)`;
  const base = `exists (select from ${table.sql} b where ${sameKeys(keys, 'b.')} and ${before('b')} and not ${differs(others, table, 'b.', 's.')})`;
  const close = missing === 'close';

  // Every statement is one join, of as many rows as there are: no subquery is asked for each row.
  let deleted = await run(
    client,
    `delete from ${table.sql} t using ${stage} s where ${sameKeys(keys)} and t.${VALID_FROM} = $1 and ${base}`,
    [at],
  );
  if (close) deleted += await run(client, `delete from ${table.sql} t where t.${VALID_FROM} = $1 and not ${given}`, [at]);
  const corrected =
    others.length === 0
      ? 0
      : await run(
          client,
          `update ${table.sql} t set ${others.map(({ name }) => `${quote(name)} = s.${quote(name)}`).join(', ')}
             from ${stage} s where ${sameKeys(keys)} and t.${VALID_FROM} = $1 and ${differs(others, table)}`,
          [at],
        );
  let ended = await run(
    client,
    `update ${table.sql} t set ${VALID_TO} = case when ${differs(others, table)} then $1::timestamptz end from ${stage} s
      where ${sameKeys(keys)} and ${before('t')} and t.${VALID_TO} is distinct from case when ${differs(others, table)} then $1::timestamptz end`,
    [at],
  );
  if (close) {
    ended += await run(
      client,
      `update ${table.sql} t set ${VALID_TO} = $1::timestamptz where ${before('t')} and t.${VALID_TO} is distinct from $1 and not ${given}`,
      [at],
    );
  }
  const inserted = await run(
    client,
    `insert into ${table.sql} (${names(columns)}, ${VALID_FROM}) select ${names(columns, 's.')}, $1::timestamptz from ${stage} s
      where not exists (select from ${table.sql} t where ${sameKeys(keys)} and t.${VALID_FROM} = $1)
        and not ${base}`,
    [at],
  );
  return { inserted, updated: corrected + ended, deleted, unchanged: staged - inserted - corrected };
}

async function events(
  client: pg.Client,
  { stage, table, columns, disposition, at, staged }: History,
  validFrom: string,
): Promise<RowChanges> {
  const { scd2: keys, missing } = disposition;
  const others = columns.filter(({ name }) => !keys.includes(name) && name !== validFrom);
  const since = `s.${quote(validFrom)}::timestamptz`;
  const list = keys.map(quote).join(', ');
  const corrected =
    others.length === 0
      ? 0
      : await run(
          client,
          `update ${table.sql} t set ${others.map(({ name }) => `${quote(name)} = s.${quote(name)}`).join(', ')}
             from ${stage} s where ${sameKeys(keys)} and t.${VALID_FROM} = ${since} and ${differs(others, table)}`,
        );
  // A version that begins within another ends, for now, where that one did.
  let inserted = await run(
    client,
    `insert into ${table.sql} (${names(columns)}, ${VALID_FROM}, ${VALID_TO})
     select ${names(columns, 's.')}, ${since}, c.${VALID_TO}
       from ${stage} s left join ${table.sql} c on ${sameKeys(keys, 'c.')} and c.${VALID_FROM} < ${since} and c.${VALID_TO} > ${since}
      where not exists (select from ${table.sql} t where ${sameKeys(keys)} and t.${VALID_FROM} = ${since})`,
  );
  let ended = await run(
    client,
    `update ${table.sql} t set ${VALID_TO} = n.next
       from (select ${list}, ${VALID_FROM}, lead(${VALID_FROM}) over (partition by ${list} order by ${VALID_FROM}) as next
               from ${table.sql} t where exists (select from ${stage} s where ${sameKeys(keys)})) n
      where ${sameKeys(keys, 't.', 'n.')} and t.${VALID_FROM} = n.${VALID_FROM} and n.next < coalesce(t.${VALID_TO}, 'infinity')`,
  );
  if (missing === 'close') {
    ended += await run(
      client,
      `update ${table.sql} t set ${VALID_TO} = $1::timestamptz
        where t.${VALID_TO} is null and t.${VALID_FROM} < $1 and not exists (select from ${stage} s where ${sameKeys(keys)})`,
      [at],
    );
    // A key that was missing and is back with a version that it had before.
    inserted += await run(
      client,
      `insert into ${table.sql} (${names(columns)}, ${VALID_FROM})
       select distinct on (${keys.map((key) => `s.${quote(key)}`).join(', ')}) ${names(columns, 's.')}, $1::timestamptz from ${stage} s
        where not exists (select from ${table.sql} t where ${sameKeys(keys)} and (t.${VALID_TO} is null or t.${VALID_TO} > $1))
        order by ${keys.map((key) => `s.${quote(key)}`).join(', ')}, ${since} desc`,
      [at],
    );
  }
  return { inserted, updated: corrected + ended, deleted: 0, unchanged: Math.max(0, staged - inserted - corrected) };
}

/** Whether the table knows of a time after T. */
async function outOfOrder(client: pg.Client, { stage, table, disposition, at, later }: History): Promise<boolean> {
  if (later) return true;
  if (disposition.validFrom !== undefined) return false;
  const { rows } = await client.query<{ later: boolean }>(
    `select exists (select from ${table.sql} t where (t.${VALID_FROM} > $1 or t.${VALID_TO} > $1)
       ${disposition.missing === 'close' ? '' : `and exists (select from ${stage} s where ${sameKeys(disposition.scd2)})`}) as later`,
    [at],
  );
  return rows[0]?.later === true;
}

/** Whether the table at T is what the load says already. */
async function isKnown(client: pg.Client, { stage, table, columns, disposition, at }: History): Promise<boolean> {
  const { scd2: keys, missing, validFrom } = disposition;
  const others = columns.filter(({ name }) => !keys.includes(name));
  const atT = `t.${VALID_FROM} <= $1 and (t.${VALID_TO} is null or t.${VALID_TO} > $1)`;
  const when = validFrom === undefined ? atT : `(${atT} or t.${VALID_FROM} = s.${quote(validFrom)}::timestamptz)`;
  const { rows } = await client.query<{ known: boolean }>(
    `select not exists (select from ${stage} s where not exists (
                select from ${table.sql} t where ${sameKeys(keys)} and ${when} and not ${differs(others, table)}))
       ${missing === 'close' ? `and not exists (select from ${table.sql} t where ${atT} and not exists (select from ${stage} s where ${sameKeys(keys)}))` : ''} as known`,
    [at],
  );
  return rows[0]?.known === true;
}

async function run(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<number> {
  return (await client.query(sql, [...values])).rowCount ?? 0;
}
