/**
 * The rows that are still to be delivered: a file in the attempt's scratch directory, in the order of their keys.
 *
 * D1. A row's key is that of the load (DAG, task, target, interval or partition, generation) and of its key columns: the same in every attempt.
 * D2. Rows are put in batches before those that were delivered are left out, so that a batch is the same in every attempt.
 * D3. Two rows with the same key are one when they are alike, and an error when they are not: the API would take the second for the first.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DataError, type DuckSession, ident, literal, type Relation } from '@headrace/dataplane';
import type { Column } from '@headrace/sdk';

/** A row as text. `headrace_key` and `headrace_content` are hashes. */
export type DeliveryRow = Readonly<Record<string, string | null>> & {
  readonly headrace_key: string;
  readonly headrace_content: string;
};

export interface DeliveryRows {
  readonly total: number;
  readonly deduplicated: number;
  readonly deliveredBefore: number;
  /** Of `deliveredBefore`, those that were delivered with other values. */
  readonly changed: number;
  readonly pending: number;
  batches(): AsyncGenerator<readonly DeliveryRow[]>;
}

export interface DeliveryPlan {
  readonly relation: Relation;
  readonly keys: readonly string[];
  readonly loadId: string;
  readonly batch: number;
  /** A query for the `key` and `content` of what was delivered. */
  readonly delivered: string;
  readonly where: string;
}

export async function deliveryRows(plan: DeliveryPlan, duck: DuckSession, scratch: string): Promise<DeliveryRows> {
  const { relation, keys, loadId, batch, delivered, where } = plan;
  const hashed = (parts: readonly string[]): string => `left(sha256(to_json([${parts.join(', ')}])::varchar), 32)`;
  const asText = (names: readonly string[]): readonly string[] => names.map((name) => `${ident(name)}::varchar`);
  const key = hashed([literal(loadId), ...asText(keys)]);
  const content = hashed(asText(relation.columns.map(({ name }) => name)));
  const rows = `(select ${key} as headrace_key, ${content} as headrace_content, * from (${relation.select}))`;

  const [facts] = await duck.rows(`select count(*) as total, count(distinct headrace_key) as keys from ${rows}`);
  const conflicts = await duck.rows(
    `select ${keys.map((name) => `any_value(${ident(name)}::varchar) as ${ident(name)}`).join(', ')} from ${rows} group by headrace_key having min(headrace_content) <> max(headrace_content) order by all limit 3`,
  );
  if (conflicts.length > 0) {
    const shown = conflicts.map((row) => keys.map((name) => `${name} = ${row[name] ?? 'null'}`).join(', ')).join('; ');
    throw new DataError(
      'HR_DUPLICATE_KEY',
      `${where}: rows that are not alike have the same idempotencyKey (${shown}), so the API would take one for the other. Nothing was sent: name further columns`,
    );
  }
  const file = join(scratch, 'deliveries.ndjson');
  const order = keys.map((name) => ident(name)).join(', ');
  const once = `(select * from ${rows} qualify row_number() over (partition by headrace_key) = 1)`;
  const placed = `(select row_number() over (order by ${order}, headrace_key) as headrace_place, * from ${once})`;
  const values = relation.columns.map((column) => `${textExpression(column)} as ${ident(column.name)}`);
  const pending = await duck.run(
    `copy (select (headrace_place - 1) // ${batch} as headrace_batch, headrace_key, headrace_content, ${values.join(', ')} from ${placed}
            where headrace_key not in (select key from (${delivered})) order by headrace_place) to ${literal(file)} (format json)`,
  );
  const changed = await duck.count(
    `select count(distinct headrace_key) from ${rows} where exists (select 1 from (${delivered}) d where d.key = headrace_key)
        and not exists (select 1 from (${delivered}) d where d.key = headrace_key and d.content = headrace_content)`,
  );
  const total = Number(facts?.total ?? 0);
  const different = Number(facts?.keys ?? 0);
  return {
    total,
    deduplicated: total - different,
    deliveredBefore: different - pending,
    changed,
    pending,
    batches: () => batchesOf(file),
  };
}

async function* batchesOf(file: string): AsyncGenerator<readonly DeliveryRow[]> {
  let batch: DeliveryRow[] = [];
  let number: unknown;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') continue;
    const { headrace_batch: mine, ...row } = JSON.parse(line) as DeliveryRow & { readonly headrace_batch: unknown };
    if (batch.length > 0 && mine !== number) {
      yield batch;
      batch = [];
    }
    number = mine;
    batch.push(row as DeliveryRow);
  }
  if (batch.length > 0) yield batch;
}

function textExpression({ name, type }: Column): string {
  return type === 'bytes' ? `base64(${ident(name)})` : `${ident(name)}::varchar`;
}
