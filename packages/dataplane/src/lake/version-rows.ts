/**
 * What the versions of a lake table (or of a partition) are after a load by `scd2`, as a query of DuckDB. Pure. The words are those of
 * the targets' conformance suite.
 */
import type { Scd2Disposition } from '@headrace/sdk';
import { ident } from '../duckdb.ts';
import { VALID_FROM, VALID_TO } from '../own-columns.ts';
import { type RowsAndGiven, sameKeys } from './merged-rows.ts';

export function versionRows(rows: RowsAndGiven, disposition: Scd2Disposition): string {
  return disposition.validFrom === undefined ? snapshotRows(rows, disposition) : eventRows(rows, disposition, disposition.validFrom);
}

/** All that is given was valid at T. */
function snapshotRows({ old, given, columns, written, at }: RowsAndGiven, { scd2: keys, missing }: Scd2Disposition): string {
  const differs = differing(
    written.map(({ name }) => name),
    keys,
  );
  const before = `o.${VALID_FROM} < ${at} and (o.${VALID_TO} is null or o.${VALID_TO} >= ${at})`;
  const absent = `g.${ident(keys[0] ?? '')} is null`;
  const ends = `case when not (${before}) then o.${VALID_TO} when ${absent} then ${missing === 'close' ? at : `o.${VALID_TO}`} when ${differs} then ${at} end`;
  const kept = columns.map(({ name }) => (name === VALID_TO ? `${ends} as ${VALID_TO}` : `o.${ident(name)}`));
  const stays = `o.${VALID_FROM} <> ${at}${missing === 'close' ? '' : ` or ${absent}`}`;
  return `with old as (${old}), given as (${given})
    select ${kept.join(', ')} from old o left join given g on ${sameKeys(keys, 'g', 'o')} where ${stays}
    union all
    select ${brought(columns, written, at, 'null')} from given g
     where not exists (select 1 from old o where ${sameKeys(keys, 'g', 'o')} and ${before} and not (${differs}))`;
}

/** Each row says since when it is valid. */
function eventRows(
  { old, given, columns, written, at }: RowsAndGiven,
  { scd2: keys, missing }: Scd2Disposition,
  validFrom: string,
): string {
  const since = `cast(g.${ident(validFrom)} as timestamptz)`;
  const same = `${sameKeys(keys, 'g', 'o')} and o.${VALID_FROM} = ${since}`;
  const names = new Set(written.map(({ name }) => name));
  const corrected = columns.map(({ name }) =>
    names.has(name) && name !== validFrom
      ? `case when g.${ident(validFrom)} is null then o.${ident(name)} else g.${ident(name)} end as ${ident(name)}`
      : `o.${ident(name)}`,
  );
  const cover = `(select max(o.${VALID_TO}) from old o where ${sameKeys(keys, 'g', 'o')} and o.${VALID_FROM} < ${since} and o.${VALID_TO} > ${since})`;
  const list = keys.map(ident).join(', ');
  const next = `lead(${VALID_FROM}) over (partition by ${list} order by ${VALID_FROM})`;
  const everything = columns.map(({ name }) =>
    name === VALID_TO
      ? `case when next < coalesce(${VALID_TO}, 'infinity'::timestamptz) then next else ${VALID_TO} end as ${VALID_TO}`
      : ident(name),
  );
  const ctes = [
    `old as (${old})`,
    `given as (${given})`,
    `versions as (
       select ${corrected.join(', ')} from old o left join given g on ${same}
       union all
       select ${brought(columns, written, since, cover)} from given g where not exists (select 1 from old o where ${same}))`,
    `numbered as (select *, ${next} as next from versions)`,
    `ended as (select ${everything.join(', ')} from numbered)`,
  ];
  if (missing !== 'close') return `with ${ctes.join(', ')} select * from ended`;
  const closed = columns.map(({ name }) =>
    name === VALID_TO
      ? `case when e.${VALID_TO} is null and e.${VALID_FROM} < ${at} and k.present is null then ${at} else e.${VALID_TO} end as ${VALID_TO}`
      : `e.${ident(name)}`,
  );
  // A key that was missing and is back with a version that it had before.
  return `with ${[...ctes, `present as (select distinct ${list}, true as present from given)`].join(', ')}
    select ${closed.join(', ')} from ended e left join present k on ${sameKeys(keys, 'k', 'e')}
    union all
    select ${brought(columns, written, at, 'null')} from (select * from given qualify row_number() over (partition by ${list} order by ${ident(validFrom)} desc) = 1) g
     where not exists (select 1 from ended e where ${sameKeys(keys, 'e', 'g')} and (e.${VALID_TO} is null or e.${VALID_TO} > ${at}))`;
}

/** A query for whether the table knows of a time after T: `later`. */
export function laterTimes({ old, given, at }: RowsAndGiven, { scd2: keys, missing }: Scd2Disposition): string {
  const staged = missing === 'close' ? '' : ` and exists (select 1 from (${given}) g where ${sameKeys(keys, 'g', 'o')})`;
  return `select count(*) from (select 1 from (${old}) o where (o.${VALID_FROM} > ${at} or o.${VALID_TO} > ${at})${staged} limit 1)`;
}

/** A query for the number of ways in which the table at T is not what the load says. */
export function newsAt({ old, given, written, at }: RowsAndGiven, { scd2: keys, missing, validFrom }: Scd2Disposition): string {
  const differs = differing(
    written.map(({ name }) => name),
    keys,
  );
  const atT = `o.${VALID_FROM} <= ${at} and (o.${VALID_TO} is null or o.${VALID_TO} > ${at})`;
  const when = validFrom === undefined ? atT : `((${atT}) or o.${VALID_FROM} = cast(g.${ident(validFrom)} as timestamptz))`;
  const unknown = `select 1 from (${given}) g where not exists (select 1 from (${old}) o where ${sameKeys(keys, 'g', 'o')} and ${when} and not (${differs}))`;
  const closed = `select 1 from (${old}) o where ${atT} and not exists (select 1 from (${given}) g where ${sameKeys(keys, 'g', 'o')})`;
  return `select count(*) from (${missing === 'close' ? `(${unknown}) union all (${closed})` : unknown})`;
}

function differing(names: readonly string[], keys: readonly string[]): string {
  const pairs = names.filter((name) => !keys.includes(name)).map((name) => `o.${ident(name)} is distinct from g.${ident(name)}`);
  return pairs.length === 0 ? 'false' : pairs.join(' or ');
}

/** A new version, of a given row `g`. */
function brought(columns: RowsAndGiven['columns'], written: RowsAndGiven['written'], from: string, to: string): string {
  const names = new Set(written.map(({ name }) => name));
  return columns
    .map(({ name }) => {
      if (name === VALID_FROM) return `${from} as ${VALID_FROM}`;
      if (name === VALID_TO) return `${to} as ${VALID_TO}`;
      return names.has(name) ? `g.${ident(name)}` : `null as ${ident(name)}`;
    })
    .join(', ');
}
