/**
 * Masking of a text that arrives in pieces, such as a task's output.
 *
 * K1. However the text is cut into pieces, the pieces that come out read the same as the whole text masked at once.
 * K2. Only an end that could be the beginning of a secret is held back, so that a log line is not late.
 */
import { mask, maskPattern, secretForms } from './secrets.ts';

export interface Masker {
  /** Takes the next piece; answers with the masked text that can be given out by now. */
  push(chunk: string): string;
  /** The rest. The masker can be used again after it. */
  end(): string;
}

export function createMasker(values: Iterable<string>): Masker {
  const forms = secretForms(values);
  const pattern = maskPattern(forms);
  let held = '';
  return {
    push(chunk) {
      if (pattern === undefined) return chunk;
      const text = held + chunk;
      let out = '';
      let position = 0;
      for (;;) {
        const open = openFrom(text, position, forms);
        pattern.lastIndex = position;
        const match = pattern.exec(text);
        if (match === null || match.index >= open) {
          held = text.slice(open);
          return out + text.slice(position, open);
        }
        out += text.slice(position, match.index) + mask;
        position = match.index + match[0].length;
      }
    },
    end() {
      const rest = pattern === undefined ? held : held.replace(pattern, mask);
      held = '';
      return rest;
    },
  };
}

/**
 * Masks whole lines. One that was cut off (`isCut`) loses the end that could be the beginning of a secret: its rest, by which it would
 * have been known, is not there.
 */
export function createLineMasker(values: Iterable<string>): (line: string, isCut?: boolean) => string {
  const pattern = maskPattern(secretForms(values));
  if (pattern === undefined) return (line) => line;
  const masker = createMasker(values);
  return (line, isCut = false) => {
    if (!isCut) return line.replace(pattern, mask);
    const known = masker.push(line);
    masker.end();
    return known;
  };
}

/** The first place, not before `start`, from which the rest of the text is the beginning of a form that goes on. */
function openFrom(text: string, start: number, forms: readonly string[]): number {
  let open = text.length;
  for (const form of forms) {
    const from = Math.max(start, text.length - form.length + 1);
    const first = form.charAt(0);
    for (let at = text.indexOf(first, from); at >= 0 && at < open; at = text.indexOf(first, at + 1)) {
      if (form.startsWith(text.slice(at))) open = at;
    }
  }
  return open;
}
