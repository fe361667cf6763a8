/** The table whose changes are read, as the catalog has it, and the publication that it is in. */
import { createHash } from 'node:crypto';
import { DataError } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';
import type pg from 'pg';
import { codeOf } from '../connect.ts';
import { describe } from '../select.ts';
import { quote, quoteName } from '../sql-text.ts';

export interface PublishedTable {
  readonly oid: number;
  /** For messages. */
  readonly label: string;
  /** Quoted, with its schema. */
  readonly sql: string;
  /** Its rows, without those of tables that inherit from it. */
  readonly from: string;
  /** That are in the log: not those that are generated, nor those that the publication leaves out. */
  readonly columns: readonly Column[];
  /** By which the log knows a row. */
  readonly key: readonly string[];
  /** Whether the log has the whole row as it was before a change. */
  readonly full: boolean;
  /** Whether a value may be so long that an update that does not change it leaves it out of the log. */
  readonly long: boolean;
  readonly publication: string;
}

interface CatalogRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly persistence: string;
  readonly identity: string;
  readonly columns: readonly string[];
  readonly key: readonly string[] | null;
  readonly long: boolean;
}

interface PublicationRow {
  readonly inserts: boolean;
  readonly updates: boolean;
  readonly deletes: boolean;
  readonly truncates: boolean;
  readonly entry: { readonly attnames?: readonly string[]; readonly rowfilter?: string | null } | null;
}

/** `given`: the publication that the source names. Throws DataError for a table whose changes cannot be read, and says what to do. */
export async function publishedTable(
  client: pg.Client,
  name: string,
  given: string | undefined,
  needsTruncates: boolean,
  where: string,
): Promise<PublishedTable> {
  const found = await catalogRow(client, name, where);
  const label = `${found.schema}.${found.name}`;
  const sql = `${quote(found.schema)}.${quote(found.name)}`;
  if (!['r', 'p'].includes(found.kind) || found.persistence !== 'p')
    throw new DataError(
      'HR_CDC_NOT_A_TABLE',
      `${where} is not a table with a log: changes can be read of tables that are neither views nor foreign, temporary or unlogged`,
    );
  if (found.key === null || !['d', 'i', 'f'].includes(found.identity)) {
    throw new DataError(
      'HR_CDC_NO_KEY',
      `${where} has no key by which the log would know a row: give it a primary key, or a unique index over columns that are not null (alter table ${sql} replica identity using index …)`,
    );
  }
  const publication = given ?? publicationName(label);
  const listed = await publishedColumns(client, { ...found, sql }, publication, given === undefined, needsTruncates, where);
  const names = found.columns.filter((column) => listed === undefined || listed.includes(column));
  const from = found.kind === 'p' ? sql : `only ${sql}`;
  const columns = await describe(client, `select ${names.map(quote).join(', ')} from ${from}`, undefined, where);
  const full = found.identity === 'f';
  return { oid: found.oid, label, sql, from, columns, key: found.key, full, long: found.long, publication };
}

async function catalogRow(client: pg.Client, name: string, where: string): Promise<CatalogRow> {
  const { rows } = await client.query<CatalogRow>(
    `select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind, c.relpersistence as persistence, c.relreplident as identity,
            (select json_agg(a.attname order by a.attnum) from pg_attribute a
              where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
            (select json_agg(a.attname order by k.position)
               from pg_index i cross join unnest(i.indkey) with ordinality k(attnum, position)
               join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
              where i.indrelid = c.oid and k.position <= i.indnkeyatts
                and case c.relreplident when 'i' then i.indisreplident else i.indisprimary end) as key,
            exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attlen = -1
              and a.attstorage in ('x', 'e')) as long
       from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`,
    [quoteName(name)],
  );
  if (rows[0]) return rows[0];
  // Says what is like it.
  await describe(client, `select * from ${quoteName(name)}`, name, where);
  throw new DataError('HR_TABLE_NOT_FOUND', `${where} does not exist`);
}

/** One for each table, whoever reads it: what reads a log is the slot. */
function publicationName(label: string): string {
  const short = label
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  return `headrace_${short}_${createHash('sha256').update(label).digest('hex').slice(0, 8)}`;
}

/** The columns that the publication lists; undefined: all. Makes a publication that is ours. */
async function publishedColumns(
  client: pg.Client,
  table: Pick<CatalogRow, 'schema' | 'name' | 'kind'> & { readonly sql: string },
  publication: string,
  ours: boolean,
  needsTruncates: boolean,
  where: string,
): Promise<readonly string[] | undefined> {
  const create = `create publication ${quote(publication)} for table ${table.kind === 'p' ? '' : 'only '}${table.sql} with (publish_via_partition_root = true)`;
  let found = await findPublication(client, publication, table);
  if (found === undefined && ours) {
    await makePublication(client, create, where);
    found = await findPublication(client, publication, table);
  }
  const named = `publication "${publication}"`;
  if (found === undefined) throw new DataError('HR_CDC_PUBLICATION', `${where}: there is no ${named}. Make it: ${create}`);
  if (found.entry === null) {
    const root = table.kind === 'p' ? `; alter publication ${quote(publication)} set (publish_via_partition_root = true)` : '';
    throw new DataError(
      'HR_CDC_PUBLICATION',
      `${where}: ${named} does not have the table. Add it (alter publication ${quote(publication)} add table ${table.sql}${root}), and begin anew: changes from before are not in it`,
    );
  }
  const missing = Object.entries({
    insert: found.inserts,
    update: found.updates,
    delete: found.deletes,
    truncate: found.truncates || !needsTruncates,
  }).flatMap(([operation, there]) => (there ? [] : [operation]));
  if (missing.length > 0)
    throw new DataError(
      'HR_CDC_PUBLICATION',
      `${where}: ${named} leaves out every ${missing.join(' and ')}, so the rows would not stay those of the table. Let it publish all (alter publication ${quote(publication)} set (publish = 'insert, update, delete, truncate')), and begin anew`,
    );
  if (found.entry.rowfilter)
    throw new DataError(
      'HR_CDC_PUBLICATION',
      `${where}: ${named} has only the rows where ${found.entry.rowfilter}. Take a publication of the whole table, and leave rows out when they are used`,
    );
  return found.entry.attnames;
}

async function findPublication(
  client: pg.Client,
  publication: string,
  table: Pick<CatalogRow, 'schema' | 'name'>,
): Promise<PublicationRow | undefined> {
  const { rows } = await client.query<PublicationRow>(
    `select p.pubinsert as inserts, p.pubupdate as updates, p.pubdelete as deletes, p.pubtruncate as truncates, to_jsonb(t) as entry
       from pg_publication p left join pg_publication_tables t on t.pubname = p.pubname and t.schemaname = $2 and t.tablename = $3
      where p.pubname = $1`,
    [publication, table.schema, table.name],
  );
  return rows[0];
}

async function makePublication(client: pg.Client, create: string, where: string): Promise<void> {
  try {
    await client.query(create);
  } catch (error) {
    // Another run was first.
    if (codeOf(error) === '42710') return;
    if (codeOf(error) !== '42501') throw error;
    throw new DataError(
      'HR_CDC_PUBLICATION',
      `${where}: the user of the connection may not publish the table. Let its owner do it (${create}), or name a publication that is there`,
      { cause: error },
    );
  }
}
