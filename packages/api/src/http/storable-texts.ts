/** Texts that no database keeps as they are: with a NUL character, or with half of a character that takes two UTF-16 units. */
import type { FieldProblem } from '@headrace/api-contract';

/** Bodies nest as deep as their size lets them; nobody means more than this. */
const DEEPEST = 200;

/** The first text in `value` that cannot be kept, by its field below `place`; texts that are names of fields count, too. */
export function unstorableText(value: unknown, place: string, depth = 0): FieldProblem | undefined {
  if (typeof value === 'string') {
    const what = whatIsWrong(value);
    return what === undefined ? undefined : { field: place, message: what };
  }
  if (value === null || typeof value !== 'object') return undefined;
  if (depth === DEEPEST) return tooDeep(place);
  for (const [name, inner] of Object.entries(value)) {
    const what = Array.isArray(value) ? undefined : whatIsWrong(name);
    if (what !== undefined) return { field: place, message: `has a field whose name ${what}` };
    const found = unstorableText(inner, `${place}.${name}`, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** For values whose texts are not ours to judge. */
export function tooDeepValue(value: unknown, place: string, depth = 0): FieldProblem | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (depth === DEEPEST) return tooDeep(place);
  for (const inner of Object.values(value)) {
    const found = tooDeepValue(inner, place, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function tooDeep(place: string): FieldProblem {
  return { field: place, message: `is nested more than ${DEEPEST} levels deep` };
}

function whatIsWrong(text: string): string | undefined {
  if (text.includes('\0')) return 'contains a NUL character, which cannot be kept';
  return text.isWellFormed() ? undefined : 'contains half of a character (a lone surrogate), which cannot be kept';
}
