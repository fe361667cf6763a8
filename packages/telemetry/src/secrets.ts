/**
 * Finding secrets in text by their values.
 *
 * X1. A value is found as it is and in the forms in which it commonly leaks: Base64, URL-encoded, and escaped for JSON.
 * X2. Values shorter than 5 characters are not looked for: masking them would black out ordinary text.
 */
export const mask = '***';
const shortest = 5;

/** All forms of the values that are looked for, longest first, so that a value inside another one leaves no rest. */
export function secretForms(values: Iterable<string>): readonly string[] {
  const forms = new Set<string>();
  for (const value of values) {
    if (value.length < shortest) continue;
    const base64 = base64Forms(value);
    const url = encodeURIComponent(value.toWellFormed());
    for (const form of [
      value,
      url,
      url.replaceAll('%20', '+'),
      url.replace(/%[0-9A-F]{2}/g, (each) => each.toLowerCase()),
      JSON.stringify(value).slice(1, -1),
      ...base64,
    ])
      forms.add(form);
    for (const line of value.split(/\r?\n/)) if (line.length >= shortest) forms.add(line);
  }
  return [...forms].filter((form) => form.length >= shortest).sort((a, b) => b.length - a.length);
}

/** Base64 and Base64url, with and without padding, of the value alone and of its part that stays the same inside a longer text. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [bytes.toString('base64'), bytes.toString('base64url')];
  // Encoded together with a text before it (`user:password`), a value begins at one of three offsets within a group of three bytes.
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const start = offset === 0 ? 0 : offset + 1;
    const end = Math.floor((shifted.length * 8) / 6);
    const stable = (encoding: 'base64' | 'base64url') => shifted.toString(encoding).slice(start, end);
    for (const form of [stable('base64'), stable('base64url')]) if (form.length >= 8) forms.push(form);
  }
  return [...forms, ...forms.map((form) => form.replace(/=+$/, ''))];
}

/** The text with every form of every value replaced by `***`: leftmost first, and of those the longest. */
export function maskSecrets(text: string, values: Iterable<string>): string {
  const pattern = maskPattern(secretForms(values));
  return pattern === undefined ? text : text.replace(pattern, mask);
}

/** One expression for all forms, or undefined when there is nothing to look for. */
export function maskPattern(forms: readonly string[]): RegExp | undefined {
  return forms.length === 0 ? undefined : new RegExp(forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g');
}
