import {
  assertColumns,
  type ColumnName,
  type Columns,
  DagDefinitionError,
  type Duration,
  type Reference,
  type RunValue,
  type Source,
} from '@headrace/sdk';
import { atLeastOne, checkedTraffic, longerThanNothing, type Traffic, type TrafficOptions } from '../http/traffic.ts';
import { jsonPath, singlePath } from './json-path.ts';
import type { Pagination } from './pagination.ts';
import type { RangeFormat } from './range-params.ts';

/**
 * How an API is asked only for what a task wants: a part of the data by time, or what is new. Whether records without a value in the column
 * come along is the API's affair: where they are wanted (`onMissing: 'include'`), leave `incremental` out.
 */
export interface IncrementalOptions<N extends string = string> {
  /** The column that the parameters are about: the task's `cursor` names the same. */
  readonly column: N;
  /** The parameter for where to begin, `updated_since`. */
  readonly param: string;
  /** The parameter for where to end. */
  readonly until?: string;
  /** Default `iso`. */
  readonly format?: RangeFormat;
  /** Whether the API gives the records at the beginning itself, too. Default false: then one unit of the format earlier is asked for, and what is too early is dropped. */
  readonly inclusive?: boolean;
}

export interface RestOptions<N extends string = string> extends TrafficOptions {
  /** Where the records are in an answer, each of them: `$.data.items[*]`. Default `$[*]`. */
  readonly records?: string;
  /** Added to the address, encoded. */
  readonly params?: Readonly<Record<string, RunValue>>;
  /** Default: one answer has everything. */
  readonly paginate?: Pagination;
  readonly incremental?: IncrementalOptions<N>;
  /** More pages than these are an error, not the end. Default 100,000. */
  readonly maxPages?: number;
  /** Of one page, unpacked. Default 32 MiB. */
  readonly maxPageBytes?: number;
  /** Of the whole reading. Default: what the task has. */
  readonly timeout?: Duration;
}

export interface RestColumns<C extends Columns> {
  /** Members of a record, with their types. */
  readonly columns: C;
  /** Where in a record a column is, if not in the member of its name: `{ city: '$.address.city', record: '$' }`. */
  readonly paths?: Readonly<Partial<Record<ColumnName<NoInfer<C>>, string>>>;
  /** Columns that no record may have. Any other must be in one record at least; where a record lacks it, it is null. */
  readonly optional?: readonly ColumnName<NoInfer<C>>[];
}

/** An API over HTTP that answers with JSON. The connection's URL says who asks. */
export interface Rest {
  readonly connector: 'rest';
  readonly connection: string;
  /** The records under a path, below the address of the connection. Numbers keep all their digits. */
  get<const C extends Columns>(path: string | Reference<string>, options: RestOptions<ColumnName<NoInfer<C>>> & RestColumns<C>): Source<C>;
  /** Without declared columns a row is one column `document` with the record as JSON. */
  get(path: string | Reference<string>, options?: RestOptions): Source<{ readonly document: 'json' }>;
}

/** What the executor is given, with the references resolved. */
export interface RestSettings {
  readonly name: string;
  readonly records: string;
  readonly params: Readonly<Record<string, string | number | bigint | boolean | Date | null>>;
  readonly paginate?: Pagination;
  readonly incremental?: Required<Omit<IncrementalOptions, 'until'>> & Pick<IncrementalOptions, 'until'>;
  readonly maxPages: number;
  readonly maxPageBytes: number;
  readonly timeoutMs?: number;
  readonly paths: Readonly<Record<string, string>>;
  readonly optional: readonly string[];
  readonly traffic: Traffic;
}

const DOCUMENT = { document: 'json' } as const;

/** Names an HTTP connection as an API to read records from. Throws DagDefinitionError for options that cannot be. */
export function rest(connection: string): Rest {
  return {
    connector: 'rest',
    connection,
    get(path: string | Reference<string>, options: RestOptions & Partial<RestColumns<Columns>> = {}): Source<never> {
      const where = `rest("${connection}").get`;
      const { records = '$[*]', params = {}, paginate, incremental, maxPages = 100_000, maxPageBytes = 33_554_432, timeout } = options;
      const { columns = DOCUMENT, paths = options.columns === undefined ? { document: '$' } : {}, optional = [] } = options;
      assertColumns(columns, where);
      for (const name of [...Object.keys(paths), ...optional, ...(incremental === undefined ? [] : [incremental.column])])
        if (!Object.hasOwn(columns, name)) throw refused(where, `there is no column "${name}"`);
      if (incremental !== undefined && incremental.param.trim() === '') throw refused(where, 'incremental.param is empty');
      return {
        connector: 'rest',
        connection,
        kind: 'get',
        columns: columns as never,
        settings: {
          name: path,
          records: jsonPath(`${where}, records`, records).text,
          params,
          ...(paginate === undefined ? {} : { paginate }),
          ...(incremental === undefined ? {} : { incremental: { format: 'iso', inclusive: false, ...incremental } }),
          maxPages: atLeastOne(`${where}, maxPages`, maxPages),
          maxPageBytes: atLeastOne(`${where}, maxPageBytes`, maxPageBytes),
          ...(timeout === undefined ? {} : { timeoutMs: longerThanNothing(`${where}, timeout`, timeout) }),
          paths: Object.fromEntries(
            Object.entries(paths).map(([name, text]) => [name, singlePath(`${where}, the path of "${name}"`, text ?? '').text]),
          ),
          optional,
          traffic: checkedTraffic(where, options),
        },
      };
    },
  };
}

function refused(where: string, why: string): DagDefinitionError {
  return new DagDefinitionError('HR_BAD_OPTION', `${where}: ${why}`);
}
