/** What a query selects from: tables with columns whose origins are known, or may be asked for. */
import type { Lineage } from '@headrace/sdk';

type Origin = NonNullable<Lineage['columns']>[string][number];
export type Origins = readonly Origin[];
export type ColumnLineage = NonNullable<Lineage['columns']>;

/** A node of the tree, of whatever kind. */
export interface Node {
  readonly [key: string]: unknown;
}

/** What can be selected from: columns with their origins. `open`: a table whose columns are not known, and all of its own. */
export interface Scope {
  readonly name: string;
  readonly columns: ReadonlyMap<string, Origins> | undefined;
  /** Of a table whose columns are not known. */
  readonly open?: string;
}

export class Unknown extends Error {}

/** A column that both sides are joined by is one column of the result, of the left side, or of both where either may be missing. */
export function joinedUsing(left: readonly Scope[], right: readonly Scope[], using: readonly string[], join: string): readonly Scope[] {
  if (using.length === 0) return [...left, ...right];
  if ([...left, ...right].some(({ columns }) => columns === undefined)) throw new Unknown();
  const shared = new Map(
    using.map((name) => {
      const origins = [lookUp(name, left), lookUp(name, right)];
      if (origins.some((found) => found === undefined)) throw new Unknown();
      const chosen = join === 'LEFT' || join === 'INNER' ? origins.slice(0, 1) : join === 'RIGHT' ? origins.slice(1) : origins;
      return [name, chosen.flatMap((found) => found ?? [])] as const;
    }),
  );
  const without = (scope: Scope): Scope => ({
    ...scope,
    columns: new Map([...(scope.columns ?? [])].filter(([name]) => !using.some((shared) => same(shared, name)))),
  });
  return [{ name: '', columns: shared }, ...left.map(without), ...right.map(without)];
}

export function starColumns(star: Node, scopes: readonly Scope[]): readonly (readonly [string, Origins])[] {
  if (star.columns === true || filled(star.replace_list) || filled(star.rename_list) || filled(star.qualified_exclude_list) || star.expr)
    throw new Unknown();
  const of = typeof star.relation_name === 'string' ? star.relation_name : '';
  const chosen = of === '' ? scopes : scopes.filter(({ name }) => same(name, of));
  if (chosen.length === 0) throw new Unknown();
  const without = texts(star.exclude_list).map((name) => name.toLowerCase());
  return chosen.flatMap(({ columns }) => {
    if (columns === undefined) throw new Unknown();
    return [...columns].filter(([name]) => !without.includes(name.toLowerCase()));
  });
}

export function resolve(path: readonly string[], scopes: readonly Scope[]): Origins | undefined {
  const [first = '', second] = path;
  if (second === undefined) return lookUp(first, scopes);
  const qualified =
    path.length === 2 ? scopes.filter(({ name }) => same(name, first)) : scopes.filter(({ open }) => open === path.slice(0, -1).join('.'));
  const [scope, ...others] = qualified;
  if (scope !== undefined && others.length === 0) return lookUp(path.at(-1) ?? '', [scope]);
  // A member of a column that is a structure.
  return qualified.length === 0 && path.length === 2 ? lookUp(first, scopes) : undefined;
}

/** The column by its name alone: of the only scope that has it. A table whose columns are not known may have it only if it is alone. */
function lookUp(name: string, scopes: readonly Scope[]): Origins | undefined {
  const found = scopes.flatMap(({ columns }) =>
    [...(columns ?? [])].filter(([column]) => same(column, name)).map(([, origins]) => origins),
  );
  const open = scopes.filter(({ columns }) => columns === undefined);
  if (open.length === 0) return found.length === 1 ? found[0] : undefined;
  const [only] = open;
  return scopes.length === 1 && only?.open !== undefined ? [{ input: only.open, column: name }] : undefined;
}

export function aliasOf(name: string, aliases: ReadonlyMap<string, Origins>): Origins | undefined {
  return [...aliases].find(([alias]) => same(alias, name))?.[1];
}

export function renamed(columns: ReadonlyMap<string, Origins>, names: readonly string[]): Map<string, Origins> {
  return new Map([...columns].map(([name, origins], index) => [names[index] ?? name, origins]));
}

export function distinct(origins: Origins): Origins {
  return [...new Map(origins.map((origin) => [JSON.stringify([origin.input, origin.column]), origin])).values()];
}

function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

export function node(value: unknown): Node {
  if (typeof value !== 'object' || value === null) throw new Unknown();
  return value as Node;
}

export function list(value: unknown): readonly Node[] {
  return Array.isArray(value) ? (value as readonly Node[]) : [];
}

function filled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
