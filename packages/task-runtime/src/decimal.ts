/** A decimal number as exact text, so that `1.10` stays `1.10`. Known by its brand: any library's decimal may carry it. */
const DECIMAL_BRAND = Symbol.for('headrace.decimal');
const DECIMAL_TEXT = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** Not for arithmetic: give its text to the decimal library of your choice. */
export class Decimal {
  readonly [DECIMAL_BRAND] = true;
  readonly text: string;
  /** Throws RangeError when the text is no decimal number. */
  constructor(text: string) {
    if (!DECIMAL_TEXT.test(text)) throw new RangeError(`"${text}" is not a decimal number`);
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** Whether the object's text (`toString()`) is an exact decimal number. */
export function isDecimal(value: object): boolean {
  return DECIMAL_BRAND in value;
}
