/** `postgres('shop').changes('sales')` as plain data. */
import { assertColumns, type Columns, type Source } from '@headrace/sdk';
import type { DeclaredColumns } from '../../sql/table-place.ts';

export interface ChangesOptions {
  /**
   * What the replication slot is called on the server, after `headrace_`: lower-case letters, digits and `_`. Two tasks must not share one.
   * Default: of the DAG's and the task's name.
   */
  readonly slot?: string;
  /** One that the server has already, with this table in it. Default: one of our own, which is made. */
  readonly publication?: string;
  /**
   * `every` (default) change, with `_order`; or the `last` of each key in the batch, for a merge whose table is to have no column but the
   * source's own.
   */
  readonly give?: 'every' | 'last';
  /** Adds `_operation`, `_lsn` and `_committed_at`. */
  readonly details?: boolean;
  /**
   * When the table was emptied by TRUNCATE, which does not say which rows are gone: `fail` (default), `ignore` it, or give a `row`
   * whose `_operation` is `truncate` (only with `details`, and every change).
   */
  readonly onTruncate?: 'fail' | 'ignore' | 'row';
  /** Warn when the server has to keep more bytes of its log than this for the slot. Default 1 GiB. */
  readonly warnLag?: number;
}

/** Columns that are added to the table's own. */
export type ChangeColumns<O extends ChangesOptions> = { readonly _deleted: 'boolean' } & (O extends { readonly give: 'last' }
  ? unknown
  : { readonly _order: 'text' }) &
  (O extends { readonly details: true }
    ? { readonly _operation: 'text'; readonly _lsn: 'text'; readonly _committed_at: 'timestamptz' }
    : unknown);

export interface ChangesSettings extends Required<Omit<ChangesOptions, 'slot' | 'publication'>> {
  readonly name: string;
  readonly slot?: string;
  readonly publication?: string;
}

const OPTIONS = { give: ['every', 'last'], onTruncate: ['fail', 'ignore', 'row'] } as const;
const LAG = 1024 ** 3;

/** The columns that come with the table's, in their order, after them. */
export function changeColumns({ give, details }: Pick<ChangesSettings, 'give' | 'details'>): Columns {
  return {
    _deleted: 'boolean',
    ...(give === 'every' ? { _order: 'text' } : {}),
    ...(details ? { _operation: 'text', _lsn: 'text', _committed_at: 'timestamptz' } : {}),
  };
}

/** Throws TypeError for options that cannot be. */
export function changesPlace<C extends Columns>(
  connection: string,
  name: string,
  {
    columns,
    slot,
    publication,
    give = 'every',
    details = false,
    onTruncate = 'fail',
    warnLag = LAG,
  }: ChangesOptions & Partial<DeclaredColumns<C>>,
): Source<C> {
  const where = `postgres("${connection}").changes("${name}")`;
  if (columns) assertColumns(columns, where);
  if (slot !== undefined && !/^[a-z0-9_]{1,54}$/.test(slot))
    throw new TypeError(`${where}: the slot "${slot}" must be 1 to 54 lower-case letters, digits and _`);
  if (publication === '') throw new TypeError(`${where}: "publication" must be the name of a publication`);
  choice(where, 'give', give, OPTIONS.give);
  choice(where, 'onTruncate', onTruncate, OPTIONS.onTruncate);
  if (onTruncate === 'row' && (give === 'last' || !details))
    throw new TypeError(
      `${where}: a row for a TRUNCATE has no key, and is known by "_operation": it needs give: 'every' and details: true`,
    );
  if (!Number.isSafeInteger(warnLag) || warnLag < 0)
    throw new TypeError(`${where}: "warnLag" is ${warnLag}, and must be a number of bytes`);
  const settings: ChangesSettings = {
    name,
    give,
    details,
    onTruncate,
    warnLag,
    ...(slot === undefined ? {} : { slot }),
    ...(publication === undefined ? {} : { publication }),
  };
  return {
    connector: 'postgres',
    connection,
    kind: 'changes',
    settings: { ...settings },
    remembers: true,
    ...(columns === undefined ? {} : { columns: { ...columns, ...(changeColumns(settings) as C) } }),
  };
}

function choice(where: string, option: string, given: string, known: readonly string[]): void {
  if (!known.includes(given)) throw new TypeError(`${where}: "${option}" is "${given}", and must be one of ${known.join(', ')}`);
}
