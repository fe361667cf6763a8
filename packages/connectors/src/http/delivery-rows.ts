/**
 * The rows of a delivery: a file in the attempt's scratch directory, in the order of their keys. Those that were delivered before have only their place in it.
 *
 * D1. A row's key is that of the load (DAG, task, target, interval or partition, generation) and of its key columns: the same in every attempt.
 * D2. Rows are put in batches before those that were delivered are left out, so that a batch is the same in every attempt.
 * D3. Two rows with the same key are one when they are alike, and an error when they are not: the API would take the second for the first.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
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
  /** A query for the `key` and `content` of what was delivered, if anything was. */
  readonly delivered: string | undefined;
  readonly where: string;
}

export async function deliveryRows(plan: DeliveryPlan, duck: DuckSession, scratch: string): Promise<DeliveryRows> {
  const { relation, keys, loadId, batch, delivered, where } = plan;
  // As uuids: DuckDB has such a hash in place, and a text of that length on its heap.
  const hashed = (parts: readonly string[]): string => `left(sha256(to_json([${parts.join(', ')}])::varchar), 32)::uuid`;
  const asText = (names: readonly string[]): readonly string[] => names.map((name) => `${ident(name)}::varchar`);
  const key = hashed([literal(loadId), ...asText(keys)]);
  const content = hashed(asText(relation.columns.map(({ name }) => name)));
  const rows = `(select ${key} as headrace_key, ${content} as headrace_content, * from (${relation.select}))`;
  const before = `(select key::uuid as key, content::uuid as content from (${delivered ?? `select '' as key, '' as content where false`}))`;

  const hashes = join(scratch, 'hashes.parquet');
  await duck.run(`copy (select headrace_key, headrace_content from ${rows}) to ${literal(hashes)} (format parquet)`);
  const [facts] = await duck.rows(
    `select count(*) as keys, sum(rows) as total, count(*) filter (first <> last) as conflicts
       from (select count(*) as rows, min(headrace_content) as first, max(headrace_content) as last from read_parquet(${literal(hashes)}) group by headrace_key)`,
  );
  const [total, different] = [Number(facts?.total ?? 0), Number(facts?.keys ?? 0)];
  if (Number(facts?.conflicts) > 0) throw await conflictOf(rows, keys, duck, where);
  const file = join(scratch, 'deliveries.ndjson');
  const once = total === different ? rows : `(select * from ${rows} qualify row_number() over (partition by headrace_key) = 1)`;
  const known = delivered === undefined ? 'false' : `headrace_key in (select key from ${before})`;
  const hex = (name: string): string => `replace(${name}::varchar, '-', '')`;
  const values = relation.columns.map(
    (column) => `case when headrace_known then null else ${textExpression(column)} end as ${ident(column.name)}`,
  );
  await duck.runInOneThread(
    `copy (select headrace_known, ${hex('headrace_key')} as headrace_key, ${hex('headrace_content')} as headrace_content, ${values.join(', ')}
            from (select *, ${known} as headrace_known from ${once}) r order by ${keys.map((name) => `r.${ident(name)}`).join(', ')}, r.headrace_key)
       to ${literal(file)} (format json)`,
  );
  const countKnown = (where: string): Promise<number> =>
    duck.count(
      `select count(distinct headrace_key) from read_parquet(${literal(hashes)}) where headrace_key in (select key from ${before})${where}`,
    );
  const deliveredBefore = delivered === undefined ? 0 : await countKnown('');
  const changed =
    deliveredBefore === 0
      ? 0
      : await countKnown(` and not exists (select 1 from ${before} d where d.key = headrace_key and d.content = headrace_content)`);
  return {
    total,
    deduplicated: total - different,
    deliveredBefore,
    changed,
    pending: different - deliveredBefore,
    batches: () => batchesOf(file, batch),
  };
}

async function conflictOf(rows: string, keys: readonly string[], duck: DuckSession, where: string): Promise<DataError> {
  const conflicts = await duck.rows(
    `select ${keys.map((name) => `any_value(${ident(name)}::varchar) as ${ident(name)}`).join(', ')} from ${rows} group by headrace_key having min(headrace_content) <> max(headrace_content) order by all limit 3`,
  );
  const shown = conflicts.map((row) => keys.map((name) => `${name} = ${row[name] ?? 'null'}`).join(', ')).join('; ');
  return new DataError(
    'HR_DUPLICATE_KEY',
    `${where}: rows that are not alike have the same idempotencyKey (${shown}), so the API would take one for the other. Nothing was sent: name further columns`,
  );
}

async function* batchesOf(file: string, size: number): AsyncGenerator<readonly DeliveryRow[]> {
  let batch: DeliveryRow[] = [];
  let place = 0;
  for await (const line of linesOf(createReadStream(file))) {
    const { headrace_known: known, ...row } = JSON.parse(line) as DeliveryRow & { readonly headrace_known: unknown };
    if (known !== true) batch.push(row as DeliveryRow);
    place += 1;
    if (place % size !== 0 || batch.length === 0) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** One chunk's lines at a time. Node's own `readline` reads on while rows wait to be sent. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function textExpression({ name, type }: Column): string {
  return type === 'bytes' ? `base64(${ident(name)})` : `${ident(name)}::varchar`;
}
