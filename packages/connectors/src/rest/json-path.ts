/**
 * The part of JSONPath (RFC 9535) with which one says where something is:
 *
 * - `$` the whole, `.name` or `['name']` a member, `[0]` an item, `[-1]` the last one, `[*]` all items.
 *
 * There are no filters, slices or searches. A path without `[*]` leads to one value at most.
 */
import { DagDefinitionError } from '@headrace/sdk';

const STEP = /\.([\p{L}_$@][\p{L}\p{N}_$@-]*)|\[(-?\d{1,9})\]|(\[\*\])|\['((?:[^'\\]|\\['\\])*)'\]|\["((?:[^"\\]|\\["\\])*)"\]/uy;

/** A member, an item, or, with neither, all items. */
interface PathStep {
  readonly name?: string;
  readonly item?: number;
}

export interface JsonPath {
  readonly text: string;
  readonly steps: readonly PathStep[];
}

/** Parses a path. Throws DagDefinitionError HR_BAD_OPTION. */
export function jsonPath(where: string, text: string): JsonPath {
  const steps: PathStep[] = [];
  STEP.lastIndex = 1;
  while (text.startsWith('$') && STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) break;
    const [, plain, item, all, single, double] = match;
    const name = plain ?? (single ?? double)?.replaceAll(/\\(.)/g, '$1');
    steps.push(all !== undefined ? {} : item !== undefined ? { item: Number(item) } : { name: name ?? '' });
    if (STEP.lastIndex === text.length) return { text, steps };
  }
  if (text === '$') return { text, steps };
  throw new DagDefinitionError(
    'HR_BAD_OPTION',
    `${where}: "${text}" is no path that is known here: write $ for the whole, then .name or ['name'], [0], [-1] or [*] for all items, for example $.data.items[*]`,
  );
}

/** A path that leads to one value. Throws DagDefinitionError HR_BAD_OPTION. */
export function singlePath(where: string, text: string): JsonPath {
  const path = jsonPath(where, text);
  if (path.steps.every(({ name, item }) => name !== undefined || item !== undefined)) return path;
  throw new DagDefinitionError('HR_BAD_OPTION', `${where}: "${text}" leads to several values; it must lead to one`);
}

/** What the path leads to; undefined when there is nothing. Only for a path to one value. */
export function valueAt(root: unknown, { steps }: JsonPath): unknown {
  let at = root;
  for (const step of steps) at = next(at, step);
  return at;
}

/** Where a path came to nothing. */
export interface PathBreak {
  /** The path so far: `$.data`. */
  readonly at: string;
  readonly found: unknown;
  /** The member that is not there. */
  readonly missing?: string;
}

/** Everything the path leads to, in order; or where it breaks. A null where a list is expected is an empty list. */
export function valuesAt(root: unknown, { steps }: JsonPath): { readonly values: readonly unknown[] } | PathBreak {
  let all: readonly unknown[] = [root];
  let at = '$';
  for (const step of steps) {
    const found: unknown[] = [];
    for (const value of all) {
      if (step.name === undefined && step.item === undefined) {
        if (value === null) continue;
        if (!Array.isArray(value)) return { at, found: value };
        for (const item of value) found.push(item);
        continue;
      }
      const one = next(value, step);
      if (one === undefined) return { at, found: value, ...(step.name === undefined ? {} : { missing: step.name }) };
      found.push(one);
    }
    all = found;
    at += step.name !== undefined ? `.${step.name}` : step.item !== undefined ? `[${step.item}]` : '[*]';
  }
  return { values: all };
}

function next(value: unknown, { name, item }: PathStep): unknown {
  if (item !== undefined) return Array.isArray(value) ? value.at(item) : undefined;
  if (name === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
