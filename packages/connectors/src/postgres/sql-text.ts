/** SQL of the user with `$name` for values of the run. COPY takes no parameters, so a value goes into a setting of the session, never into the SQL. */
import { DataError, nearest, type SqlValue } from '@headrace/dataplane';

/** A table's name as `schema.table` (split at the first dot) or `table`. */
export function quoteName(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? quote(name) : `${quote(name.slice(0, dot))}.${quote(name.slice(dot + 1))}`;
}

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

export interface BoundSql {
  readonly sql: string;
  /** Session settings that must be made before the SQL runs. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Literals, quoted names, comments, dollar quotes, and last what we look for. A `$1` is the user's own mistake and left to PostgreSQL. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|\$([A-Za-z_]\w*)/g;

/** Replaces each `$name`. Throws DataError for a name without a value. */
export function bindValues(sql: string, values: Readonly<Record<string, SqlValue>>, where: string): BoundSql {
  const settings = new Map<string, string>();
  const bound = sql.replace(TOKEN, (token: string, _tag: string | undefined, name: string | undefined) => {
    if (name === undefined) return token;
    if (!Object.hasOwn(values, name)) {
      throw new DataError(
        'HR_SQL_INVALID',
        `${where}: the SQL uses $${name}, which is not in "values"${nearest(name, Object.keys(values))}`,
      );
    }
    const value = values[name] ?? null;
    if (value === null) return 'null';
    const setting = `headrace.value_${name.toLowerCase()}`;
    settings.set(setting, value instanceof Date ? value.toISOString() : String(value));
    return `(current_setting('${setting}')${CASTS[value instanceof Date ? 'date' : typeof value] ?? ''})`;
  });
  return { sql: bound, settings };
}

const CASTS: Readonly<Record<string, string>> = { date: '::timestamptz', number: '::numeric', bigint: '::int8', boolean: '::boolean' };
