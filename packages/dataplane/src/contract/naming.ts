/**
 * Names of columns by a convention. Pure: the same columns in the same order have the same names.
 *
 * N1. Two columns never get one name: a column that is called so already keeps it, else the first; the others end in a hash of their own name.
 * N2. A name has at most 63 bytes, as PostgreSQL's do; a longer one is cut, and ends in a hash of all of it.
 */
import { createHash } from 'node:crypto';
import type { Column, NamingConvention, SchemaDrift } from '@headrace/sdk';

const MAX_BYTES = 63;
const HASH_LENGTH = 8;

export interface Naming {
  /** Name in the rows → name in the table. */
  readonly names: ReadonlyMap<string, string>;
  /** Names that are not just the convention's: cut, or told apart from another's. */
  readonly drift: readonly SchemaDrift[];
}

export function nameColumns(columns: readonly Column[], convention: NamingConvention, table: string): Naming {
  if (convention === 'as-is') return { names: new Map(columns.map(({ name }) => [name, name])), drift: [] };
  const wanted = new Map(columns.map(({ name }) => [name, snakeCase(name)]));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const take = (original: string, name: string): void => {
    taken.add(name);
    names.set(original, name);
  };
  for (const [original, name] of wanted) if (original === name && fits(name)) take(original, name);
  const drift: SchemaDrift[] = [];
  for (const [original, name] of wanted) {
    if (names.has(original)) continue;
    const plain = fits(name) && !taken.has(name);
    take(original, plain ? name : withHash(name, original));
    if (!plain) drift.push({ table, change: 'column_renamed', column: names.get(original) ?? name, original, action: 'kept' });
  }
  return { names: new Map(columns.map(({ name }) => [name, names.get(name) ?? name])), drift };
}

/** `Order ID`, `orderId` and `order-id` are all `order_id`; `HTTPStatus` is `http_status`; `Größe` is `große`. */
function snakeCase(name: string): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .toLowerCase();
  const leading = /^_*/.exec(name)?.[0] ?? '';
  const plain = `${leading}${words.replace(/^_+|_+$/g, '')}`;
  if (plain.replaceAll('_', '') === '') return 'column';
  return /^\p{N}/u.test(plain) ? `_${plain}` : plain;
}

function fits(name: string): boolean {
  return Buffer.byteLength(name) <= MAX_BYTES;
}

function withHash(name: string, original: string): string {
  const hash = createHash('sha256').update(original).digest('hex').slice(0, HASH_LENGTH);
  let kept = name;
  while (Buffer.byteLength(kept) > MAX_BYTES - HASH_LENGTH - 1) kept = [...kept].slice(0, -1).join('');
  return `${kept}_${hash}`;
}
