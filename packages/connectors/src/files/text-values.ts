/** Values of the texts that files hold: dates and numbers as a country writes them, and what is wrong with those that are none. */
import { ident, literal, MISMATCH_MARK, parseExpression, storageType, validExpression } from '@headrace/dataplane';
import { type Column, decimalSize } from '@headrace/sdk';

export interface TextForms {
  readonly decimal?: '.' | ',';
  readonly thousands?: string;
  /** As of `strptime`. */
  readonly dates?: string;
  readonly timestamps?: string;
}

export interface TextValue {
  readonly column: Column;
  /** Whether the text, which is not null, is a value. Never null. */
  readonly valid: string;
  /** The value; an error that names the place for a text that is none. */
  readonly value: string;
}

/** Expressions over the text column of the column's name. `place` is an expression for where a row stands. */
export function textValue(column: Column, forms: TextForms, place = `''`): TextValue {
  const text = ident(column.name);
  const { dates, timestamps, decimal = '.', thousands = '' } = forms;
  const pattern = column.type === 'date' ? dates : column.type === 'timestamp' || column.type === 'timestamptz' ? timestamps : undefined;
  const refuse = `error(${literal(MISMATCH_MARK)} || ${place} || ${literal(`column "${column.name}" is declared ${column.type}, but the value is: `)} || substr(${text}, 1, 200))`;
  if (pattern !== undefined) {
    const instant = `try_strptime(${text}, ${literal(pattern)})`;
    // A date that has a time of day is more than a date.
    const valid = column.type === 'date' ? `coalesce(${instant} = ${instant}::date, false)` : `(${instant} is not null)`;
    const value = `case when ${text} is null then null when ${valid} then ${instant}::${storageType(column.type)} else ${refuse} end`;
    return { column, valid, value };
  }
  if (isNumber(column) && (decimal !== '.' || thousands !== '')) {
    const plain = `replace(${thousands === '' ? text : `replace(${text}, ${literal(thousands)}, '')`}, ${literal(decimal)}, '.')`;
    const group = escaped(thousands);
    const whole = thousands === '' ? '[0-9]*' : `([0-9]*|[0-9]{1,3}(${group}[0-9]{3})+)`;
    const form = `\\s*[+-]?${whole}(${escaped(decimal)}[0-9]*)?([eE][+-]?[0-9]+)?\\s*|[+-]?(?i:nan|inf(inity)?)`;
    const valid = `(regexp_full_match(${text}, ${literal(form)}) and ${validExpression(`(${plain})`, column)})`;
    const inner = parseExpression(`(${plain})`, column);
    return { column, valid, value: `case when ${text} is null then null when ${valid} then ${inner} else ${refuse} end` };
  }
  return { column, valid: column.type === 'text' ? 'true' : validExpression(text, column), value: parseExpression(text, column, place) };
}

/** Whether any row can be refused for the column. */
function mayBeRefused({ column }: TextValue): boolean {
  return column.type !== 'text';
}

/** A condition that a row of texts can become one of values. */
export function allValid(values: readonly TextValue[]): string {
  const conditions = values.filter(mayBeRefused).map(({ column, valid }) => `(${ident(column.name)} is null or ${valid})`);
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

/**
 * Rows of texts that cannot become rows of values, one for each: `line`, `column`, `reason`, `raw`. `line` and `place` are expressions over the
 * rows.
 */
export function refusedRows(rows: string, values: readonly TextValue[], line: string, place: string, raw: string): string {
  const wrong = values
    .filter(mayBeRefused)
    .map(({ column, valid }) => ({ column, wrong: `(${ident(column.name)} is not null and not ${valid})` }));
  if (wrong.length === 0) return `select ${line} as line, null as "column", null as reason, null as raw from ${rows} where false`;
  const names = wrong.map((each) => `case when ${each.wrong} then ${literal(each.column.name)} end`);
  const reasons = wrong.map(
    (each) =>
      `case when ${each.wrong} then ${literal(`declared ${each.column.type}, but the value is: `)} || substr(${ident(each.column.name)}, 1, 200) end`,
  );
  return `select ${line} as line, concat_ws(', ', ${names.join(', ')}) as "column", concat_ws('; ', ${place}, ${reasons.join(', ')}) as reason, ${raw} as raw from ${rows} where not (${allValid(values)})`;
}

function isNumber({ type }: Column): boolean {
  return decimalSize(type) !== undefined || ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric'].includes(type);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
