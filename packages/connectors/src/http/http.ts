import { assertColumns, type ColumnName, type Columns, connection as connectionTo, DagDefinitionError, type Target } from '@headrace/sdk';
import { atLeastOne, checkedTraffic, type Traffic, type TrafficOptions } from './traffic.ts';

export interface DeliveryOptions<C extends Columns = Columns> extends TrafficOptions {
  /** What tells two rows apart. With the load and its `generation` it is the key under which the API is sent a row, and knows it again. */
  readonly idempotencyKey: readonly ColumnName<C>[];
  /** The header of that key. Default `Idempotency-Key`. */
  readonly keyHeader?: string;
  /** Rows in a request. Default 1: a JSON object; with more a list of them. */
  readonly batch?: number;
  /** With a batch: the member that holds the list. Default: the list is the whole body. */
  readonly wrap?: string;
  /** Member of a row's object → column. Default: all columns by their names. */
  readonly body?: Readonly<Record<string, ColumnName<C>>>;
  /** int8, decimals and numeric as JSON numbers with all their digits (default), or as text, for receivers that would round them. */
  readonly exactNumbers?: 'number' | 'text';
  /** What becomes of a row that the API refuses for good (4xx): `fail` (default) the task, or keep the row aside and go on. */
  readonly onRowError?: 'fail' | 'quarantine';
  /** Requests at once. Default 4. With 1 the rows are sent in the order of their keys. */
  readonly concurrency?: number;
  /** The connection to a lake under whose root it is kept what was delivered (`_deliveries/…`). Default `lake`. */
  readonly stage?: string;
}

/**
 * An HTTP connection: `https://user:password@host/base`, `https://host/base?bearerToken=…`, or with an API key or OAuth2, `?auth=…`
 * (`credentials.ts`). Any other parameter goes with every request.
 */
export interface Http {
  readonly connector: 'http';
  readonly connection: string;
  /** An export sends each row to a path below the connection's address; `{column}` in it stands for a value of the row. */
  readonly post: Deliver;
  readonly put: Deliver;
  readonly patch: Deliver;
}

export interface Deliver {
  /** With `columns` the compiler checks that the rows have them, and that the options name no others. */
  <const C extends Columns>(path: string, options: DeliveryOptions<NoInfer<C>> & { readonly columns: C }): Target<C>;
  (path: string, options: DeliveryOptions): Target;
}

/** What the executor is given. */
export interface DeliverySettings {
  readonly name: string;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly columns?: Columns;
  readonly idempotencyKey: readonly string[];
  readonly keyHeader: string;
  readonly batch: number;
  readonly wrap?: string;
  readonly body?: Readonly<Record<string, string>>;
  readonly exactNumbers: 'number' | 'text';
  readonly onRowError: 'fail' | 'quarantine';
  readonly concurrency: number;
  readonly stage: { readonly connectionId: string };
  readonly traffic: Traffic;
}

const PLACEHOLDER = /\{([^{}]+)\}/g;

/** The columns whose values a path holds. */
export function placeholdersOf(path: string): readonly string[] {
  return [...path.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

export function withPlaceholders(path: string, textOf: (column: string) => string): string {
  return path.replaceAll(PLACEHOLDER, (_text, name: string) => textOf(name));
}

/** Names an HTTP connection as a place to ask, and to send rows to. */
export function http(connection: string): Http {
  const sending =
    (method: DeliverySettings['method']) =>
    (path: string, options: DeliveryOptions & { readonly columns?: Columns }): Target => ({
      connector: 'http',
      connection,
      kind: method.toLowerCase(),
      defaultDisposition: 'append',
      settings: { ...checkedDelivery(`http("${connection}").${method.toLowerCase()}`, method, path, options) },
    });
  const place = { connector: 'http', connection } as const;
  // Not enumerable, so that a place stays data.
  return Object.defineProperties(place, {
    post: { value: sending('POST') },
    put: { value: sending('PUT') },
    patch: { value: sending('PATCH') },
  }) as Http;
}

function checkedDelivery(
  where: string,
  method: DeliverySettings['method'],
  path: string,
  options: DeliveryOptions & { readonly columns?: Columns },
): Omit<DeliverySettings, 'traffic'> & { readonly traffic: object } {
  const { columns, idempotencyKey, keyHeader = 'Idempotency-Key', batch = 1, wrap, body } = options;
  if (columns !== undefined) assertColumns(columns, where);
  const keys: readonly string[] = idempotencyKey;
  if (!Array.isArray(keys) || keys.length === 0) throw refused(where, 'idempotencyKey must name at least one column');
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(keyHeader)) throw refused(where, 'keyHeader is no name of a header');
  if (batch > 1 && placeholdersOf(path).length > 0) throw refused(where, 'a path with values of a row is for one row, not for a batch');
  if (wrap !== undefined && batch === 1) throw refused(where, '"wrap" is for a batch');
  for (const name of [...keys, ...Object.values(body ?? {}), ...placeholdersOf(path)])
    if (columns !== undefined && !Object.hasOwn(columns, name)) throw refused(where, `there is no column "${name}"`);
  return {
    name: path,
    method,
    ...(columns === undefined ? {} : { columns }),
    idempotencyKey: keys,
    keyHeader,
    batch: atLeastOne(`${where}, batch`, batch),
    ...(wrap === undefined ? {} : { wrap }),
    ...(body === undefined ? {} : { body }),
    exactNumbers: options.exactNumbers ?? 'number',
    onRowError: options.onRowError ?? 'fail',
    concurrency: atLeastOne(`${where}, concurrency`, options.concurrency ?? 4),
    stage: connectionTo(options.stage ?? 'lake'),
    traffic: checkedTraffic(where, options),
  };
}

function refused(where: string, why: string): DagDefinitionError {
  return new DagDefinitionError('HR_BAD_OPTION', `${where}: ${why}`);
}
