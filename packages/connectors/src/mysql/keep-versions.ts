/**
 * `scd2`: every version of a row stays, with the time from and to which it was valid. Only what is not so yet is written, so that a re-run
 * writes nothing. No statement names the stage twice.
 *
 * Without `validFrom` a load says how things are at its instant: loads come in order, and the last one may be run again with other rows.
 * With it rows say themselves since when they are so, and come in any order.
 */
import { DataError, VALID_FROM, VALID_TO } from '@headrace/dataplane';
import type { Scd2Disposition } from '@headrace/sdk';
import type { Application } from './application.ts';
import { latestInstant, type RowChanges } from './load-record.ts';
import { sameKeys } from './merge-rows.ts';
import { exactly } from './row-hash.ts';
import { quote } from './sql-text.ts';
import { ROW, STAGE, THERE } from './stage.ts';
import type { TargetTable } from './target-table.ts';

type Versions = Application & { readonly disposition: Scd2Disposition };

const FROM = `t.${quote(VALID_FROM)}`;
const TO = `t.${quote(VALID_TO)}`;

/** Brings the staged rows in as versions. Throws DataError where a load speaks of a time before one that the table has. */
export function keepVersions(versions: Versions): Promise<RowChanges> {
  return versions.disposition.validFrom === undefined
    ? keepSnapshot(versions)
    : keepEvents(versions, `s.${quote(versions.disposition.validFrom)}`);
}

async function keepSnapshot(versions: Versions): Promise<RowChanges> {
  const { client, table, columns, disposition, staged, loadId } = versions;
  const { scd2: keys, missing = 'ignore' } = disposition;
  // A retry of a run without an interval speaks of the instant of its first commit.
  const instant = versions.prior?.validAt ?? versions.instant;
  const at = instantLiteral(instant);
  const [same, equal] = [sameKeys(keys), sameRow(columns, table)];
  const join = `${table.sql} t join ${STAGE} s on ${same}`;
  const all = `${table.sql} t left join ${STAGE} s on ${same}`;
  const latest = await latestInstant(client, table.database, table.label, loadId);
  if (latest !== null && latest > instant) {
    if (await isKnown(versions, at, all, equal)) return { inserted: 0, updated: 0, deleted: 0, unchanged: staged };
    throw new DataError(
      'HR_HISTORY_OUT_OF_ORDER',
      `${table.label}: this load says how things were at ${instant}, but a load of ${latest} is there already, and what followed would be wrong. Load in order (overlap: 'buffer-one'), or name the column that says since when a row is so (validFrom). Nothing was changed`,
    );
  }
  const changes = async (sql: string): Promise<number> => (await client.run(sql)).affectedRows;
  const before = `${FROM} < ${at}`;
  // 1: the version before is the same; 2: the version of this instant is there already, of an earlier attempt.
  await client.run(`update ${join} set s.${THERE} = 1 where ${before} and (${TO} is null or ${TO} = ${at}) and ${equal}`);
  await client.run(`update ${join} set s.${THERE} = 2 where ${FROM} = ${at} and s.${THERE} = 0 and ${equal}`);
  const deleted = await changes(`delete t from ${all} and s.${THERE} = 2 where ${FROM} = ${at} and s.${ROW} is null`);
  const stays = missing === 'close' ? `s.${THERE} = 1` : `(s.${THERE} = 1 or s.${ROW} is null)`;
  const ends = missing === 'close' ? `(s.${ROW} is null or s.${THERE} <> 1)` : `s.${THERE} <> 1`;
  const opened = await changes(`update ${all} set ${TO} = null where ${TO} = ${at} and ${before} and ${stays}`);
  const closed = await changes(`update ${all} set ${TO} = ${at} where ${TO} is null and ${before} and ${ends}`);
  const inserted = await insertVersions(versions, at, `${THERE} = 0`);
  return { inserted, updated: opened + closed, deleted, unchanged: staged - inserted };
}

/** Whether the table says of the instant just what the staged rows say. */
async function isKnown({ client, disposition, staged }: Versions, at: string, all: string, equal: string): Promise<boolean> {
  const valid = `${FROM} <= ${at} and (${TO} is null or ${TO} > ${at})`;
  const [[matched = '', others = ''] = []] = await client.rows(
    `select coalesce(sum(s.${ROW} is not null and ${equal}), 0), coalesce(sum(s.${ROW} is null and (${disposition.missing === 'close' ? 'true' : `${FROM} = ${at}`})), 0)
       from ${all} where ${valid}`,
  );
  return Number(matched) === staged && Number(others) === 0;
}

async function keepEvents(versions: Versions, since: string): Promise<RowChanges> {
  const { client, table, columns, disposition, staged } = versions;
  const { scd2: keys, missing = 'ignore' } = disposition;
  const at = instantLiteral(versions.prior?.validAt ?? versions.instant);
  const [same, equal] = [sameKeys(keys), sameRow(columns, table)];
  const join = `${table.sql} t join ${STAGE} s on ${same}`;
  const changes = async (sql: string): Promise<number> => (await client.run(sql)).affectedRows;
  let updated = 0;
  if (missing === 'close') {
    await noteLast(versions);
    const last = `join headrace_last l on ${sameKeys(keys, 'l', 't')} and l._from = ${FROM}`;
    // What an earlier attempt closed, and is there after all.
    updated += await changes(`update ${join} ${last} set ${TO} = null where ${TO} = ${at}`);
    await client.run(`update ${join} set s.${THERE} = 1 where ${TO} is null and ${equal}`);
    // 3: it was closed because it was missing, and comes back with a time before that: it is valid anew from now on.
    await client.run(`update ${join} ${last} set s.${THERE} = 3 where s.${THERE} = 0 and ${TO} < ${at} and ${since} < ${TO}`);
    await client.run('drop temporary table headrace_last');
  }
  const sets = columns.map((name) => `t.${quote(name)} = s.${quote(name)}`).join(', ');
  updated += await changes(`update ${join} set ${sets} where ${FROM} = ${since} and s.${THERE} = 0 and not (${equal})`);
  await client.run(`update ${join} set s.${THERE} = 2 where ${FROM} = ${since} and s.${THERE} = 0`);
  const back = await insertVersions(versions, at, `${THERE} = 3`);
  const inserted = back + (await insertVersions(versions, since.slice(2), `${THERE} = 0`));
  updated += await chain(versions);
  if (missing === 'close') {
    const all = `${table.sql} t left join ${STAGE} s on ${same}`;
    updated += await changes(`update ${all} set ${TO} = ${at} where ${TO} is null and ${FROM} < ${at} and s.${ROW} is null`);
  }
  return { inserted, updated, deleted: 0, unchanged: Math.max(0, staged - inserted) };
}

/** Of each staged key, since when its last version is valid. */
async function noteLast({ client, table, disposition }: Versions): Promise<void> {
  const keys = disposition.scd2.map((key) => `t.${quote(key)}`).join(', ');
  await client.run('drop temporary table if exists headrace_last');
  await client.run(
    `create temporary table headrace_last engine = InnoDB
       select ${keys}, max(${FROM}) as _from from ${table.sql} t join ${STAGE} s on ${sameKeys(disposition.scd2)} group by ${keys}`,
  );
}

/** Each version of a staged key ends where the next one begins, at the latest. */
async function chain({ client, table, disposition }: Versions): Promise<number> {
  const keys = disposition.scd2.map((key) => `t.${quote(key)}`).join(', ');
  await client.run('drop temporary table if exists headrace_chain');
  await client.run(
    `create temporary table headrace_chain engine = InnoDB
       select ${keys}, ${FROM} as _from, lead(${FROM}) over (partition by ${keys} order by ${FROM}) as _next
         from ${table.sql} t where exists (select 1 from ${STAGE} s where ${sameKeys(disposition.scd2)})`,
  );
  const { affectedRows } = await client.run(
    `update ${table.sql} t join headrace_chain c on ${sameKeys(disposition.scd2, 'c', 't')} and c._from = ${FROM}
        set ${TO} = c._next where c._next is not null and (${TO} is null or ${TO} > c._next)`,
  );
  await client.run('drop temporary table headrace_chain');
  return affectedRows;
}

async function insertVersions({ client, table, columns }: Versions, from: string, where: string): Promise<number> {
  const names = columns.map(quote).join(', ');
  const { affectedRows } = await client.run(
    `insert into ${table.sql} (${names}, ${quote(VALID_FROM)}, ${quote(VALID_TO)}) select ${names}, ${from}, null from ${STAGE} where ${where}`,
  );
  return affectedRows;
}

function sameRow(columns: readonly string[], table: TargetTable): string {
  return columns.map((name) => `${exactly(name, table, 't.')} <=> ${exactly(name, table, 's.')}`).join(' and ');
}

function instantLiteral(instant: string): string {
  return `timestamp'${instant}'`;
}
