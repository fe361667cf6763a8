/**
 * Delivers rows to an API, each by a request with a key.
 *
 * H1. At least once: a row is in the ledger only after the API has accepted it. An API that honours the key has it exactly once.
 * H2. A retry sends what is not known to be delivered, and what was refused before.
 * H3. A refusal that is about a row (4xx) concerns that row; one about who asks, or where, ends the task before more are sent.
 */
import { ColumnNotFoundError, DataError, type TargetConnector, type Work, type WriteRequest } from '@headrace/dataplane';
import type { DeliveryResult } from '@headrace/sdk';
import { type ApiAnswer, type ApiCall, ApiClient } from './api-client.ts';
import { batchKey } from './delivery-key.ts';
import { DeliveryLedger } from './delivery-ledger.ts';
import { type DeliveryRow, type DeliveryRows, deliveryRows } from './delivery-rows.ts';
import { type Endpoint, withRequest } from './endpoint.ts';
import { shortened } from './excerpt.ts';
import { type DeliverySettings, placeholdersOf, withPlaceholders } from './http.ts';
import { RefusedRows } from './refused-rows.ts';
import { type RowMember, rowJson } from './row-json.ts';

const MOST_ANSWER_BYTES = 1_048_576;
/** Refusals that say nothing of a row. */
const NOT_OF_A_ROW = [401, 403, 405, 407];

export const httpTarget: TargetConnector = {
  dispositions: ['append'],

  async write(request, work): Promise<DeliveryResult> {
    const settings = request.target.settings as unknown as DeliverySettings;
    const where = `${settings.method} ${settings.name} of connection "${request.target.connection}"`;
    const members = membersOf(settings, request, where);
    const stage = settings.stage.connectionId;
    const client = new ApiClient(work.connection(request.target.connection), settings.traffic, work.signal, work.log);
    client.at(settings.name, {});
    const ledger = await DeliveryLedger.open(stage, request.loadId, work);
    const { relation } = request.rows;
    const plan = {
      relation,
      keys: settings.idempotencyKey,
      loadId: request.loadId,
      batch: settings.batch,
      delivered: ledger.delivered,
      where,
    };
    const rows = await deliveryRows(plan, work.duck, work.scratch);
    if (rows.deliveredBefore > 0) work.log.info(`${where}: ${rows.deliveredBefore} rows were delivered before`);
    if (rows.changed > 0)
      work.log.warn(
        `${where}: ${rows.changed} rows were delivered before with other values. They are not sent again: raise "generation" if they must be`,
      );

    const delivery = new Delivery(settings, client, ledger, new RefusedRows(work.scratch), members, rows, where, work);
    const { delivered, refused, requests } = await delivery.run();
    await ledger.compact();
    const quarantine = await refused.keep(stage, request.loadId, work);
    const counts = {
      in: request.rows.counts.in,
      out: rows.deliveredBefore + delivered,
      deduplicated: request.rows.counts.deduplicated + rows.deduplicated,
      quarantined: request.rows.counts.quarantined + refused.count,
    };
    if (quarantine !== undefined) work.log.warn(`${where}: ${refused.count} rows were refused and kept aside`, { quarantine });
    work.log.info(`${where}: ${delivered} rows delivered`, { delivered, requests, deliveredBefore: rows.deliveredBefore });
    return {
      kind: 'delivery',
      connection: request.target.connection,
      request: `${settings.method} ${settings.name}`,
      loadId: request.loadId,
      rows: counts.out,
      counts,
      deliveredBefore: rows.deliveredBefore,
      requests,
      columns: relation.columns,
      checks: request.rows.checks,
      ...(quarantine === undefined ? {} : { quarantine }),
    };
  },
};

class Delivery {
  readonly #settings: DeliverySettings;
  readonly #client: ApiClient;
  readonly #ledger: DeliveryLedger;
  readonly #refused: RefusedRows;
  readonly #members: readonly RowMember[];
  readonly #rows: DeliveryRows;
  readonly #where: string;
  readonly #work: Work;
  readonly #common: Endpoint | undefined;
  #delivered = 0;
  #calls = 0;
  #failed = false;

  constructor(
    settings: DeliverySettings,
    client: ApiClient,
    ledger: DeliveryLedger,
    refused: RefusedRows,
    members: readonly RowMember[],
    rows: DeliveryRows,
    where: string,
    work: Work,
  ) {
    this.#settings = settings;
    this.#client = client;
    this.#ledger = ledger;
    this.#refused = refused;
    this.#members = members;
    this.#rows = rows;
    this.#where = where;
    this.#work = work;
    this.#common = placeholdersOf(settings.name).length === 0 ? client.at(settings.name, {}) : undefined;
  }

  /** After an error nothing more is begun, what is on its way is waited for, and what was delivered is written down. */
  async run(): Promise<{ readonly delivered: number; readonly refused: RefusedRows; readonly requests: number }> {
    const batches = this.#rows.batches();
    const lines = Array.from({ length: this.#settings.concurrency }, () => this.#line(batches));
    const outcomes = await Promise.allSettled(lines);
    await batches.return(undefined);
    const failures: unknown[] = outcomes.filter((each) => each.status === 'rejected').map(({ reason }) => reason as unknown);
    await this.#ledger.close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) {
      await this.#refused.close();
      throw failures[0];
    }
    return { delivered: this.#delivered, refused: this.#refused, requests: this.#calls + this.#client.repeated };
  }

  async #line(batches: AsyncGenerator<readonly DeliveryRow[]>): Promise<void> {
    try {
      for (;;) {
        const next = await batches.next();
        if (next.done === true || this.#failed) return;
        await this.#deliver(next.value);
        this.#work.progress({ phase: 'delivering', rows: this.#delivered + this.#refused.count, totalRows: this.#rows.pending });
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  async #deliver(rows: readonly DeliveryRow[]): Promise<void> {
    const { method, batch, wrap, keyHeader, exactNumbers, onRowError } = this.#settings;
    const [first] = rows;
    if (first === undefined) return;
    const objects = rows.map((row) => rowJson(row, this.#members, exactNumbers));
    const list = `[${objects.join(',')}]`;
    const key = batch === 1 ? first.headrace_key : batchKey(rows.map((row) => row.headrace_key));
    const call: ApiCall = {
      endpoint: withRequest(this.#endpointOf(first), { headers: { [keyHeader]: key }, query: {} }),
      method,
      body: batch === 1 ? (objects[0] ?? '') : wrap === undefined ? list : `{${JSON.stringify(wrap)}:${list}}`,
      // 409: a request with this key may still be at work, begun by an attempt that died.
      passing: (status) => status === 409 || status >= 500,
      maxBytes: MOST_ANSWER_BYTES,
    };
    this.#calls += 1;
    const answer = await this.#client.send(call);
    if (answer.status >= 200 && answer.status < 300) {
      await this.#ledger.add(rows.map((row) => ({ key: row.headrace_key, content: row.headrace_content })));
      this.#delivered += rows.length;
      return;
    }
    if (!this.#isOfRow(answer)) throw this.#client.refusal(call, answer);
    if (onRowError === 'fail') throw this.#rowRefused(call, answer, rows);
    const reason = `${answer.status}: ${shortened(answer.body.toString('utf8'), this.#client.secrets(call.endpoint))}`;
    await this.#refused.add(objects.map((raw) => ({ reason, raw })));
  }

  /** Of all rows, where the path has no values of them. */
  #endpointOf(row: DeliveryRow): Endpoint {
    if (this.#common !== undefined) return this.#common;
    const path = withPlaceholders(this.#settings.name, (column) => pathValue(row[column] ?? null, column, this.#where));
    return this.#client.at(path, {});
  }

  #isOfRow({ status }: ApiAnswer): boolean {
    if (status < 400 || status >= 500 || [408, 425, 429].includes(status) || NOT_OF_A_ROW.includes(status)) return false;
    return status !== 404 || placeholdersOf(this.#settings.name).length > 0;
  }

  #rowRefused(call: ApiCall, answer: ApiAnswer, rows: readonly DeliveryRow[]): DataError {
    const shown = rows.slice(0, 3).map((row) => this.#settings.idempotencyKey.map((name) => `${name} = ${row[name] ?? 'null'}`).join(', '));
    const { message } = this.#client.refusal(call, answer);
    return new DataError(
      'HR_ROW_REFUSED',
      `${message}. The row: ${shown.join('; ')}. What was delivered before it is written down and not sent again. Correct the row, or use onRowError: 'quarantine'`,
    );
  }
}

function membersOf(
  { body, columns: declared, idempotencyKey, name: path }: DeliverySettings,
  { rows }: WriteRequest,
  where: string,
): readonly RowMember[] {
  const { columns } = rows.relation;
  const names = columns.map(({ name }) => name);
  for (const name of [...idempotencyKey, ...placeholdersOf(path), ...Object.values(body ?? {}), ...Object.keys(declared ?? {})])
    if (!names.includes(name)) throw new ColumnNotFoundError(`${where}: the rows`, name, names);
  const wanted = body ?? Object.fromEntries(names.map((name) => [name, name]));
  return Object.entries(wanted).flatMap(([name, from]) =>
    columns.filter((column) => column.name === from).map((column) => ({ name, column })),
  );
}

/** A value as one part of a path. */
function pathValue(value: string | null, column: string, where: string): string {
  if (value !== null && !['', '.', '..'].includes(value)) return encodeURIComponent(value);
  throw new DataError(
    'HR_HTTP_PATH',
    `${where}: the column "${column}" of a row is ${value === null ? 'null' : `"${value}"`}, which cannot be a part of the path`,
  );
}
