/**
 * Whether a table can be exchanged for a new one of the same name, and what the new one must be given for nobody to see a difference.
 *
 * What refers to a table refers to its oid, not to its name. So only a table is exchanged to which nothing refers but what is its own and
 * is made anew: indexes, constraints, defaults, grants, comments. Views, foreign keys, triggers, rules, policies, publications, sequences,
 * extended statistics, children and functions over its row type all forbid it; then rows are deleted and inserted.
 */
import type pg from 'pg';
import { quote } from '../sql-text.ts';
import type { TargetTable } from './target-table.ts';

export interface TableTraits {
  readonly oid: string;
  readonly owner: string;
  readonly ownedByMe: boolean;
  readonly options: readonly string[];
  readonly comment: string | null;
  /** `grant … on table %s to …`; null where nothing was ever granted. */
  readonly grants: readonly string[] | null;
  readonly indexes: readonly IndexTrait[];
}

export interface IndexTrait {
  readonly name: string;
  /** Of the constraint that it stands for. */
  readonly constraint: string | null;
  /** What follows `on <table> ` in `create index`, or the constraint's definition. */
  readonly definition: string;
  readonly unique: boolean;
}

const EXCHANGEABLE = `
  c.relkind = 'r' and c.relpersistence = 'p' and not c.relispartition and not c.relrowsecurity and c.reltablespace = 0 and c.reloftype = 0
  and c.relreplident = 'd' and (select amname from pg_am where oid = c.relam) = 'heap'
  and pg_has_role(c.relowner, 'usage') and has_schema_privilege(c.relnamespace, 'create')
  and not exists (select from pg_inherits where inhrelid = c.oid or inhparent = c.oid)
  and not exists (select from pg_class toast where toast.oid = c.reltoastrelid and toast.reloptions is not null)
  and not exists (select from pg_attribute a where a.attrelid = c.oid and (a.attacl is not null or a.attidentity <> '' or a.attoptions::text like '%n_distinct%' or a.attstattarget > 0))
  and not exists (select from pg_publication_tables p where p.schemaname = n.nspname and p.tablename = c.relname)
  and not exists (select from pg_seclabel where objoid = c.oid and classoid = 'pg_class'::regclass)
  and not exists (select from aclexplode(c.relacl) acl where acl.grantor <> c.relowner)
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  and not exists (select from pg_depend d where d.refclassid = 'pg_type'::regclass and d.refobjid = c.reltype and d.classid <> 'pg_type'::regclass)
  and not exists (
    select from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and not (
      d.classid in ('pg_attrdef'::regclass, 'pg_type'::regclass)
      or (d.classid = 'pg_class'::regclass and (d.objid = c.reltoastrelid or exists (select from pg_index i where i.indexrelid = d.objid and i.indrelid = c.oid)))
      or (d.classid = 'pg_constraint'::regclass and exists (select from pg_constraint k where k.oid = d.objid and k.conrelid = c.oid and k.contype <> 'f'))))
  and not exists (
    select from pg_index i join pg_class x on x.oid = i.indexrelid
     where i.indrelid = c.oid and (not i.indisvalid or i.indisclustered or x.reltablespace <> 0 or obj_description(x.oid, 'pg_class') is not null))`;

/** Undefined for a table that must keep its identity. */
export async function exchangeableTraits(client: pg.Client, table: TargetTable): Promise<TableTraits | undefined> {
  const { rows } = await client.query<Omit<TableTraits, 'indexes'>>(
    `select c.oid::text as oid, pg_get_userbyid(c.relowner) as owner, pg_get_userbyid(c.relowner) = current_user as "ownedByMe",
            coalesce(c.reloptions, '{}') as options, obj_description(c.oid, 'pg_class') as comment,
            case when c.relacl is not null then array(
              select format('grant %s on table %%s to %s%s', privilege_type, case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
                            case when is_grantable then ' with grant option' else '' end) from aclexplode(c.relacl) order by 1) end as grants
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2 and ${EXCHANGEABLE}`,
    [table.schema, table.name],
  );
  const [traits] = rows;
  if (traits === undefined) return undefined;
  const { rows: indexes } = await client.query<{
    name: string;
    constraint: string | null;
    definition: string;
    unique: boolean;
    prefix: string;
  }>(
    `select x.relname as name, k.conname as constraint, coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(x.oid)) as definition, i.indisunique as unique,
            case when k.oid is null then format('CREATE %sINDEX %I ON %I.%I ', case when i.indisunique then 'UNIQUE ' else '' end, x.relname, n.nspname, c.relname) else '' end as prefix
       from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
       left join pg_constraint k on k.conindid = x.oid and k.conrelid = c.oid and k.contype in ('p', 'u', 'x')
      where c.oid = $1 order by i.indisprimary desc, x.relname`,
    [traits.oid],
  );
  if (indexes.some(({ definition, prefix }) => !definition.startsWith(prefix))) return undefined;
  return {
    ...traits,
    indexes: indexes.map(({ prefix, definition, ...index }) => ({ ...index, definition: definition.slice(prefix.length) })),
  };
}

/** Gives a new table what the traits say, but for its indexes. */
export async function copyTraits(
  client: pg.Client,
  sql: string,
  { owner, ownedByMe, options, comment, grants }: TableTraits,
): Promise<void> {
  if (!ownedByMe) await client.query(`alter table ${sql} owner to ${quote(owner)}`);
  if (options.length > 0) await client.query(`alter table ${sql} set (${options.join(', ')})`);
  if (comment !== null) await client.query(`comment on table ${sql} is ${text(comment)}`);
  // Default privileges may have granted something already.
  const { rows: granted } = await client.query<{ grantee: string }>(
    `select distinct case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end as grantee
       from pg_class c, aclexplode(c.relacl) where c.oid = $1::regclass`,
    [sql],
  );
  const former = new Set([...granted.map(({ grantee }) => grantee), ...(grants === null ? [] : [quote(owner)])]);
  for (const grantee of former) {
    if (grants === null && grantee.replaceAll('"', '') === owner) continue;
    await client.query(`revoke all on table ${sql} from ${grantee}`);
  }
  for (const grant of grants ?? []) await client.query(grant.replace('%s', () => sql));
}

/** Builds the indexes on a filled table, under names of their own, and answers with the statements that give them the right ones. */
export async function copyIndexes(
  client: pg.Client,
  sql: string,
  schema: string,
  indexes: readonly IndexTrait[],
  mark: string,
): Promise<readonly string[]> {
  const renames: string[] = [];
  for (const [position, { name, constraint, definition, unique }] of indexes.entries()) {
    const temporary = quote(`${mark}_${position}`);
    if (constraint === null) await client.query(`create ${unique ? 'unique ' : ''}index ${temporary} on ${sql} ${definition}`);
    else await client.query(`alter table ${sql} add constraint ${temporary} ${definition}`);
    renames.push(`alter index ${quote(schema)}.${temporary} rename to ${quote(name)}`);
  }
  return renames;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
