/**
 * Checks as SQL of DuckDB, PostgreSQL and MySQL. Pure.
 *
 * Q1. A row is bad only when a condition is true: an unknown one (null) is good, but for `not_null`.
 * Q2. Values stand in the SQL as quoted literals, names as quoted names; only `sql` is the user's own text.
 */
import type { Check, Column, ColumnType } from '@headrace/sdk';
import { storageType } from '../column-types.ts';
import type { AuditedTable } from '../connector.ts';

export type Dialect = AuditedTable['dialect'];

/** The rows that are checked: `sql` stands in `from`. */
export type CheckedRows = Pick<AuditedTable, 'dialect' | 'sql' | 'columns'>;

export interface CheckFacts {
  /** A DuckDB query of one column `value`, for `relationship`. */
  readonly known?: string;
  /** What `freshness` is seen from. */
  readonly now: Date;
}

/** How many rows break the check, as one number, and rows that show it. */
export interface CheckQueries {
  readonly count: string;
  readonly samples: string;
}

/** Whether a row breaks the check, as a condition; undefined for checks that are not about single rows. */
export function brokenRow(check: Check, rows: CheckedRows, facts: CheckFacts): string | undefined {
  const [first = ''] = check.columns;
  const column = quoted(first, rows.dialect);
  const type = typeOf(rows, first);
  switch (check.check) {
    case 'not_null':
      return check.columns.map((name) => `${quoted(name, rows.dialect)} is null`).join(' or ');
    case 'accepted_values': {
      const accepted = (check.values ?? []).map((value) => valueLiteral(value, type, rows.dialect));
      return `${column} is not null and ${equatable(column, type, rows.dialect)} not in (${accepted.join(', ')})`;
    }
    case 'range': {
      const value = ordered(column, type, rows.dialect);
      const ordering = type === 'numeric' && rows.dialect === 'duckdb' ? 'float8' : type;
      const limits = [
        check.min === undefined ? [] : [`${value} < ${valueLiteral(check.min, ordering, rows.dialect)}`],
        check.max === undefined ? [] : [`${value} > ${valueLiteral(check.max, ordering, rows.dialect)}`],
      ];
      return `${column} is not null and (${limits.flat().join(' or ')})`;
    }
    case 'regex':
      return `${column} is not null and ${unmatched(column, check.pattern ?? '', rows.dialect)}`;
    case 'relationship':
      return `${column} is not null and ${column} not in (select value from (${facts.known}) known where value is not null)`;
    default:
      return undefined;
  }
}

/** The queries of a check. Those of `row_count` and `row_count_change` count all rows; the bounds are the caller's. */
export function checkQueries(check: Check, rows: CheckedRows, facts: CheckFacts): CheckQueries {
  const from = `${rows.sql} checked`;
  const columns = check.columns.map((name) => quoted(name, rows.dialect));
  const broken = brokenRow(check, rows, facts);
  if (broken !== undefined) {
    const shown = check.check === 'not_null' ? `select * from ${from} where ${broken}` : distinctly(columns, from, broken);
    return { count: `select count(*) as n from ${from} where ${broken}`, samples: shown };
  }
  switch (check.check) {
    case 'unique': {
      const filled = columns.map((column) => `${column} is not null`).join(' and ');
      const key = check.columns.map((name, index) => equatable(columns[index] ?? '', typeOf(rows, name), rows.dialect));
      const names = key.map((expression, index) => `${expression} as ${columns[index]}`).join(', ');
      const doubled = `select ${names}, count(*) as ${quoted('rows', rows.dialect)} from ${from} where ${filled} group by ${key.join(', ')} having count(*) > 1`;
      return {
        count: `select coalesce(sum(${quoted('rows', rows.dialect)}), 0) as n from (${doubled}) doubled`,
        samples: `${doubled} order by count(*) desc, ${key.join(', ')}`,
      };
    }
    case 'freshness': {
      const oldest = new Date(facts.now.getTime() - (check.age ?? 0));
      const bound = valueLiteral(
        timeText(oldest, typeOf(rows, check.columns[0] ?? '')),
        typeOf(rows, check.columns[0] ?? ''),
        rows.dialect,
      );
      const newest = `select max(${columns[0]}) as newest from ${from}`;
      return {
        count: `select count(*) as n from (${newest}) latest where newest is null or newest < ${bound}`,
        samples: newest,
      };
    }
    case 'sql': {
      const offending = `with this as (select * from ${from}) select * from (\n${(check.sql ?? '').trim().replace(/;+$/, '')}\n) offending`;
      return {
        count: `with this as (select * from ${from}) select count(*) as n from (\n${(check.sql ?? '').trim().replace(/;+$/, '')}\n) offending`,
        samples: offending,
      };
    }
    default:
      return { count: `select count(*) as n from ${from}`, samples: `select count(*) as n from ${from}` };
  }
}

function distinctly(columns: readonly string[], from: string, broken: string): string {
  return `select distinct ${columns.join(', ')} from ${from} where ${broken} order by ${columns.join(', ')}`;
}

function typeOf(rows: CheckedRows, name: string): ColumnType {
  return rows.columns.find((column: Column) => column.name === name)?.type ?? 'text';
}

/** A quoted name. */
function quoted(name: string, dialect: Dialect): string {
  return dialect === 'mysql' ? `\`${name.replaceAll('`', '``')}\`` : `"${name.replaceAll('"', '""')}"`;
}

/** A quoted text. */
function textLiteral(text: string, dialect: Dialect): string {
  const doubled = text.replaceAll("'", "''");
  return `'${dialect === 'mysql' ? doubled.replaceAll('\\', '\\\\') : doubled}'`;
}

/** A value as the column's type reads it. */
function valueLiteral(value: string | number | boolean, type: ColumnType, dialect: Dialect): string {
  if (dialect === 'mysql') return typeof value === 'string' ? textLiteral(value, dialect) : String(value);
  const text = textLiteral(String(value), dialect);
  return dialect === 'duckdb' ? `cast(${text} as ${storageType(type)})` : text;
}

/** JSON has no equality in PostgreSQL. */
function equatable(column: string, type: ColumnType, dialect: Dialect): string {
  return type === 'json' && dialect === 'postgres' ? `${column}::text` : column;
}

/** A `numeric` is text in DuckDB. */
function ordered(column: string, type: ColumnType, dialect: Dialect): string {
  return type === 'numeric' && dialect === 'duckdb' ? `cast(${column} as double)` : column;
}

function unmatched(column: string, pattern: string, dialect: Dialect): string {
  if (dialect === 'duckdb') return `not regexp_full_match(cast(${column} as varchar), ${textLiteral(pattern, dialect)})`;
  const whole = textLiteral(`^(?:${pattern})$`, dialect);
  return dialect === 'postgres' ? `${column}::text !~ ${whole}` : `not (${column} regexp ${whole})`;
}

function timeText(at: Date, type: ColumnType): string {
  const iso = at.toISOString();
  if (type === 'date') return iso.slice(0, 10);
  const plain = iso.slice(0, -1).replace('T', ' ');
  return type === 'timestamptz' ? `${plain}+00` : plain;
}
