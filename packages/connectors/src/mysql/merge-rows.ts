/**
 * From the stage into the table by keys, inside one transaction. Only rows that differ are written, so that a re-run writes nothing. No
 * statement names a temporary table twice, which MySQL (unlike MariaDB) refuses.
 */
import { DELETED_AT } from '@headrace/dataplane';
import type { MergeDisposition } from '@headrace/sdk';
import type { MysqlClient } from './connect.ts';
import type { RowChanges } from './load-record.ts';
import { exactly, hashSums, rowHash } from './row-hash.ts';
import { quote, textLiteral } from './sql-text.ts';
import { STAGE, THERE } from './stage.ts';
import type { TargetTable } from './target-table.ts';

export interface MergeRequest {
  readonly client: MysqlClient;
  readonly table: TargetTable;
  /** Those that are written: without the one that says that a row is gone. */
  readonly columns: readonly string[];
  readonly disposition: MergeDisposition;
  readonly staged: number;
  /** When rows are deleted softly, as SQL takes it. */
  readonly instant: string;
}

/** Merges the staged rows. Those that are older than the table's, or say of a row that it is gone that was not there, count as unchanged. */
export async function mergeRows(request: MergeRequest): Promise<RowChanges> {
  const { client, table, disposition, staged } = request;
  const { merge: keys, strategy = 'upsert', latest, deletes } = disposition;
  const same = sameKeys(keys);
  let passed = 0;
  if (latest !== undefined) {
    const [theirs, mine] = [`t.${quote(latest)}`, `s.${quote(latest)}`];
    const older = `${theirs} > ${mine} or (${mine} is null and ${theirs} is not null)`;
    passed += (await client.run(`delete s from ${STAGE} s join ${table.sql} t on ${same} where ${older}`)).affectedRows;
  }
  let changed = 0;
  let deleted = 0;
  if (deletes !== undefined) {
    const gone = quote(deletes.column);
    // Where a key has other rows too, these take the place of the old ones.
    await markKeysWithRows(client, keys, gone);
    const join = `${table.sql} t join ${STAGE} s on ${same}`;
    const last = `s.${gone} and not s.${THERE}`;
    const at = `t.${quote(DELETED_AT)}`;
    if (deletes.mode === 'hard') deleted = (await client.run(`delete t from ${join} where ${last}`)).affectedRows;
    if (deletes.mode === 'soft')
      changed = (await client.run(`update ${join} set ${at} = ${textLiteral(request.instant)} where ${last} and ${at} is null`))
        .affectedRows;
    passed += (await client.run(`delete from ${STAGE} where ${gone}`)).affectedRows;
    await client.run(`update ${STAGE} set ${THERE} = 0`);
  }
  const left = staged - passed;
  const put = strategy === 'delete-insert' ? await replaceKeys(request) : await putRows(request, strategy === 'upsert');
  const unchanged = Math.max(0, left - put.inserted - put.updated) + Math.max(0, passed - changed - deleted);
  return { inserted: put.inserted, updated: changed + put.updated, deleted: deleted + put.deleted, unchanged };
}

type Changed = Omit<RowChanges, 'unchanged'>;

async function putRows({ client, table, columns, disposition }: MergeRequest, update: boolean): Promise<Changed> {
  const { merge: keys, deletes } = disposition;
  const same = sameKeys(keys);
  await client.run(`update ${STAGE} s join ${table.sql} t on ${same} set s.${THERE} = 1`);
  let updated = 0;
  const others = columns.filter((name) => !keys.includes(name));
  const sets = others.map((name) => `t.${quote(name)} = s.${quote(name)}`);
  const differs = others.map((name) => `not (${exactly(name, table, 't.')} <=> ${exactly(name, table, 's.')})`);
  if (deletes?.mode === 'soft') {
    sets.push(`t.${quote(DELETED_AT)} = null`);
    differs.push(`t.${quote(DELETED_AT)} is not null`);
  }
  if (update && sets.length > 0) {
    updated = (await client.run(`update ${table.sql} t join ${STAGE} s on ${same} set ${sets.join(', ')} where ${differs.join(' or ')}`))
      .affectedRows;
  }
  const names = columns.map(quote).join(', ');
  const { affectedRows: inserted } = await client.run(
    `insert into ${table.sql} (${names}) select ${names} from ${STAGE} where not ${THERE}`,
  );
  return { inserted, updated, deleted: 0 };
}

/** Replaces all rows of the keys whose rows are not the same already. */
async function replaceKeys({ client, table, columns, disposition }: MergeRequest): Promise<Changed> {
  const { merge: keys, deletes } = disposition;
  const names = keys.map(quote);
  const soft = deletes?.mode === 'soft' ? `, max(t.${quote(DELETED_AT)} is not null)` : ', 0';
  await client.run('drop temporary table if exists headrace_keys, headrace_held');
  await client.run(
    `create temporary table headrace_keys (_id bigint unsigned not null auto_increment primary key) engine = InnoDB
       select ${names.join(', ')}, sha2(concat_ws(',', count(*), 0, ${hashSums('hash')}), 256) as _rows
         from (select ${names.join(', ')}, ${rowHash(columns, table)} as hash from ${STAGE}) hashed group by ${names.join(', ')}`,
  );
  await client.run(
    `create temporary table headrace_held (_id bigint unsigned not null primary key) engine = InnoDB
       select k._id, sha2(concat_ws(',', count(*)${soft}, ${hashSums(rowHash(columns, table, 't.'))}), 256) as _rows
         from headrace_keys k join ${table.sql} t on ${sameKeys(keys, 't', 'k')} group by k._id`,
  );
  await client.run('delete k from headrace_keys k join headrace_held h on h._id = k._id and h._rows = k._rows');
  const { affectedRows: deleted } = await client.run(`delete t from ${table.sql} t join headrace_keys k on ${sameKeys(keys, 't', 'k')}`);
  const list = columns.map(quote);
  const { affectedRows: inserted } = await client.run(
    `insert into ${table.sql} (${list.join(', ')}) select ${list.map((name) => `s.${name}`).join(', ')} from ${STAGE} s join headrace_keys k on ${sameKeys(keys, 's', 'k')}`,
  );
  await client.run('drop temporary table headrace_keys, headrace_held');
  return { inserted, updated: 0, deleted };
}

/** Marks rows that are gone and whose key has others, too. */
async function markKeysWithRows(client: MysqlClient, keys: readonly string[], gone: string): Promise<void> {
  const names = keys.map(quote).join(', ');
  await client.run('drop temporary table if exists headrace_keys');
  await client.run(
    `create temporary table headrace_keys engine = InnoDB select ${names} from ${STAGE} group by ${names}
       having sum(coalesce(${gone}, 0)) > 0 and sum(coalesce(${gone}, 0)) < count(*)`,
  );
  await client.run(`update ${STAGE} s join headrace_keys k on ${sameKeys(keys, 's', 'k')} set s.${THERE} = 1`);
  await client.run('drop temporary table headrace_keys');
}

export function sameKeys(keys: readonly string[], left = 't', right = 's'): string {
  return keys.map((key) => `${left}.${quote(key)} = ${right}.${quote(key)}`).join(' and ');
}
