/**
 * SQL of the user with `$name` for values of the run. A value becomes a literal that needs no escaping, whatever the SQL mode or the
 * character set: texts in hexadecimal, numbers as digits.
 */
import { DataError, nearest, type SqlValue } from '@headrace/dataplane';

/** A table's name as `database.table` (split at the first dot) or `table`. */
export function quoteName(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? quote(name) : `${quote(name.slice(0, dot))}.${quote(name.slice(dot + 1))}`;
}

export function quote(identifier: string): string {
  return `\`${identifier.replaceAll('`', '``')}\``;
}

/** A text as a literal of SQL. */
export function textLiteral(text: string): string {
  return text === '' ? `_utf8mb4''` : `_utf8mb4 x'${Buffer.from(text).toString('hex')}'`;
}

/** Literals, quoted names, comments, and last what we look for. */
const TOKEN =
  /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`]|``)*`|--(?=\s)[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|(?<![\w$])\$([A-Za-z_]\w*)/g;

/** Replaces each `$name`. Throws DataError for a name without a value. */
export function bindValues(sql: string, values: Readonly<Record<string, SqlValue>>, where: string): string {
  return sql.replace(TOKEN, (token: string, name: string | undefined) => {
    if (name === undefined) return token;
    if (!Object.hasOwn(values, name)) {
      throw new DataError(
        'HR_SQL_INVALID',
        `${where}: the SQL uses $${name}, which is not in "values"${nearest(name, Object.keys(values))}`,
      );
    }
    return valueLiteral(values[name] ?? null, `${where}, value "${name}"`);
  });
}

function valueLiteral(value: SqlValue, where: string): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return textLiteral(value);
  if (value instanceof Date) return `timestamp'${value.toISOString().replace('T', ' ').replace('Z', '')}'`;
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new DataError('HR_SQL_INVALID', `${where} is ${value}, which no column can be`);
  // In brackets: a minus before a negative number would begin a comment.
  return `(${String(value)})`;
}
