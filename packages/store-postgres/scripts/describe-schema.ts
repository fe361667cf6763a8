/** The schema `headrace` as SQL text, from the catalogs: the same on every version of PostgreSQL, sorted, without data. */
import type pg from 'pg';

const COLUMNS = `
  select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
    a.attidentity <> '' as identity, a.attgenerated <> '' as generated, pg_get_expr(d.adbin, d.adrelid) as default_value
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'headrace'
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relkind = 'r'
  order by c.relname, a.attnum`;

/** Since version 18 "not null" is a constraint of its own; here it stands with its column. */
const CONSTRAINTS = `
  select c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid
  join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'headrace'
  where k.contype <> 'n'
  order by c.relname, k.contype desc, k.conname`;

const INDEXES = `
  select i.tablename as table, i.indexdef as definition
  from pg_indexes i
  where i.schemaname = 'headrace' and not exists (select from pg_constraint k where k.conname = i.indexname and k.contype in ('p', 'u'))
  order by i.tablename, i.indexname`;

const FUNCTIONS = `
  select pg_get_functiondef(p.oid) as definition
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'headrace'
  order by p.proname`;

const TRIGGERS = `
  select pg_get_triggerdef(t.oid) as definition
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'headrace'
  where not t.tgisinternal
  order by c.relname, t.tgname`;

const OPTIONS = `
  select c.relname as table, array_to_string(c.reloptions, ', ') as options
  from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'headrace'
  where c.relkind = 'r' and c.reloptions is not null`;

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly identity: boolean;
  readonly generated: boolean;
  readonly default_value: string | null;
}

export async function describeSchema(client: pg.Client): Promise<string> {
  await client.query('set search_path = headrace, pg_catalog');
  const columns = (await client.query<Column>(COLUMNS)).rows;
  const constraints = (await client.query<{ table: string; name: string; definition: string }>(CONSTRAINTS)).rows;
  const indexes = (await client.query<{ table: string; definition: string }>(INDEXES)).rows;
  const options = new Map((await client.query<{ table: string; options: string }>(OPTIONS)).rows.map((row) => [row.table, row.options]));
  const tables = [...new Set(columns.map((column) => column.table))].map((table) => {
    const lines = [
      ...columns.filter((column) => column.table === table).map(columnLine),
      ...constraints.filter((one) => one.table === table).map((one) => `constraint ${one.name} ${one.definition}`),
    ];
    const settings = options.get(table);
    const create = `create table ${table} (\n  ${lines.join(',\n  ')}\n)${settings === undefined ? '' : ` with (${settings})`};`;
    return [create, ...indexes.filter((index) => index.table === table).map((index) => `${index.definition};`)].join('\n');
  });
  const code: string[] = [];
  for (const query of [FUNCTIONS, TRIGGERS])
    for (const { definition } of (await client.query<{ definition: string }>(query)).rows) code.push(`${definition.trimEnd()};`);
  return `-- What the migrations lead to. Made by packages/store-postgres/scripts/dump-schema.ts, never edited.\n\n${[...tables, ...code].join('\n\n')}\n`;
}

function columnLine({ name, type, required, identity, generated, default_value }: Column): string {
  const parts = [name, type];
  if (identity) parts.push('generated always as identity');
  if (default_value !== null) parts.push(generated ? `generated always as (${default_value}) stored` : `default ${default_value}`);
  if (required) parts.push('not null');
  return parts.join(' ');
}
