/** Places in PostgreSQL's log: `16/B374D848` as the server writes it, a bigint to compare, and a text that sorts as the places do. */

export function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** What `_order` is: the place of the commit, then the place of the change in its transaction, both in digits that compare as text does. */
export function orderOf(commit: string, sequence: number): string {
  return `${commit}-${sequence.toString(16).padStart(12, '0')}`;
}

/** The first part of `_order`. */
export function commitOf(lsn: bigint): string {
  return lsn.toString(16).padStart(16, '0');
}

/** An expression of DuckDB for the place of the commit as the server writes it. */
export function lsnOfOrder(order: string): string {
  const part = (from: number): string => `coalesce(nullif(upper(ltrim(substr(${order}, ${from}, 8), '0')), ''), '0')`;
  return `${part(1)} || '/' || ${part(9)}`;
}
