/**
 * What an operation read and wrote, as it is stored: made of the operation and of its result, or of the checks that failed it.
 *
 * Imported by processes that run such a task.
 */
import { createHash } from 'node:crypto';
import type { DataReport, NewCheck, NewLoad, PartitionValues } from '@headrace/ports';
import type { CheckResult, CursorMove, DatasetResult, Place } from '@headrace/sdk';

/** What of an operation says where its rows go. References are resolved. */
type Operation = Readonly<Record<string, unknown>>;

/** Longer reports leave out what is long of them: a frame has a limit, and a table of records is no store of data. */
const MOST_CHARACTERS = 200_000;
const MOST_DRIFT = 100;
const MOST_SAMPLES = 5;
const LONGEST_SAMPLE = 200;

/** Undefined: the result is not of rows. */
export function reportOfResult(operation: Operation, result: unknown): DataReport | undefined {
  if (!isDataset(result)) return undefined;
  const load = loadOf(operation, result);
  const where = result.kind === 'package' ? (placeOf(operation) ?? load) : load;
  return bounded({
    loads: [load],
    checks: result.checks.map((check) => checkOf(check, { ...where, partition: load.partition }, load.loadId)),
  });
}

/** Of an error of the data plane that names checks, by its code and fields: undefined for any other. `published`: the rows that were published all the same. */
export function reportOfFailure(operation: Operation, thrown: unknown): DataReport | undefined {
  const { results, published } = (thrown ?? {}) as { readonly results?: unknown; readonly published?: unknown };
  const report = published === undefined ? undefined : reportOfResult(operation, published);
  if (report !== undefined) return report;
  const place = placeOf(operation);
  if ((thrown as { code?: unknown } | null)?.code !== 'HR_CHECK_FAILED' || !Array.isArray(results) || place === undefined) return undefined;
  return bounded({ loads: [], checks: results.filter(isCheck).map((check) => checkOf(check, place, undefined)) });
}

/** What the event of an asset tells of the load that made it. */
export function eventFacts({ loads: [load] }: DataReport): Readonly<Record<string, unknown>> {
  if (load === undefined) return {};
  const { loadId, rowsOut, version } = load;
  return { ...(loadId === undefined ? {} : { loadId }), rows: rowsOut, ...(version === undefined ? {} : { version }) };
}

function loadOf(operation: Operation, result: DatasetResult): NewLoad {
  const { kind, connection, columns, drift, cursor, quarantine, lineage } = result;
  const counts = 'counts' in result ? result.counts : { in: result.rows, out: result.rows, deduplicated: 0, quarantined: 0 };
  const shape = columns.map(({ name, type }) => ({ name, type: String(type) }));
  const disposition = dispositionOf(operation.disposition);
  return {
    kind,
    connection,
    place: placeOfResult(result),
    partition: kind === 'lake' ? result.partition : partitionOf(operation),
    rowsIn: counts.in,
    rowsOut: counts.out,
    rowsDeduplicated: counts.deduplicated,
    rowsQuarantined: counts.quarantined,
    unchanged: kind === 'lake' && result.unchanged,
    schemaHash: createHash('sha256').update(JSON.stringify(shape)).digest('hex'),
    columns: shape,
    ...('loadId' in result ? { loadId: result.loadId } : {}),
    ...('bytes' in result ? { bytes: result.bytes } : {}),
    ...(kind === 'lake' ? { version: result.version } : {}),
    ...(kind === 'table'
      ? { rowsInserted: result.inserted, rowsUpdated: result.updated, rowsDeleted: result.deleted, rowsUnchanged: result.unchanged }
      : {}),
    ...(disposition === undefined ? {} : { disposition }),
    ...(drift === undefined || drift.length === 0 ? {} : { drift: drift.slice(0, MOST_DRIFT).map((each) => ({ ...each })) }),
    ...(cursor === undefined ? {} : { cursor: withoutBoundary(cursor) }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(lineage === undefined ? {} : { lineage }),
  };
}

function placeOfResult(result: DatasetResult): string {
  switch (result.kind) {
    case 'package':
      return result.package;
    case 'file':
      return result.path;
    case 'delivery':
      return result.request;
    default:
      return result.table;
  }
}

type CheckedPlace = Pick<NewCheck, 'connection' | 'place' | 'partition'>;

function checkOf(result: CheckResult, { connection, place, partition }: CheckedPlace, loadId: string | undefined): NewCheck {
  const { check, columns, severity, ok, count, samples, at, name, ...detail } = result;
  const said = { ...(name === undefined ? {} : { name }), ...detail };
  return {
    connection,
    place,
    partition,
    name: check,
    columns,
    severity,
    stage: at ?? 'staging',
    ok,
    count,
    samples: samples.slice(0, MOST_SAMPLES).map((sample) => sample.slice(0, LONGEST_SAMPLE)),
    ...(loadId === undefined ? {} : { loadId }),
    ...(Object.keys(said).length === 0 ? {} : { detail: said }),
  };
}

/** Where the rows were to go; of an extract, where they are from. */
function placeOf(operation: Operation): CheckedPlace | undefined {
  const place = (operation.target ?? operation.source) as Place | undefined;
  if (typeof place?.connection !== 'string') return undefined;
  const { name, table, path, collection } = place.settings;
  return {
    connection: place.connection,
    place: String(name ?? table ?? path ?? collection ?? place.kind),
    partition: partitionOf(operation),
  };
}

function partitionOf({ partition }: Operation): PartitionValues {
  if (typeof partition !== 'object' || partition === null) return {};
  return Object.fromEntries(Object.entries(partition).map(([name, value]) => [name, String(value)]));
}

function dispositionOf(disposition: unknown): string | undefined {
  if (typeof disposition === 'string') return disposition;
  return typeof disposition === 'object' && disposition !== null
    ? (Object.keys(disposition).find((key) => key === 'scd2') ?? 'merge')
    : undefined;
}

/** Identities at the boundary are many, and nobody reads them. */
function withoutBoundary({ name, before, after }: CursorMove): Readonly<Record<string, unknown>> {
  const short = (state: CursorMove['before']) =>
    state === null ? null : { ...(state.value === undefined ? {} : { value: state.value }), rowsAtBoundary: state.boundary?.length ?? 0 };
  return { name, before: short(before), after: short(after) };
}

function bounded(report: DataReport): DataReport {
  if (JSON.stringify(report).length <= MOST_CHARACTERS) return report;
  return {
    loads: report.loads.map(({ drift: _drift, cursor: _cursor, lineage: _lineage, ...load }) => ({ ...load, columns: [] })),
    checks: report.checks.slice(0, 100).map(({ detail: _detail, ...check }) => ({ ...check, samples: [] })),
  };
}

function isDataset(result: unknown): result is DatasetResult {
  const { kind, connection, columns, checks, rows } = (result ?? {}) as Readonly<Record<string, unknown>>;
  return (
    ['package', 'lake', 'table', 'file', 'delivery'].includes(kind as string) &&
    typeof connection === 'string' &&
    Array.isArray(columns) &&
    Array.isArray(checks) &&
    Number.isSafeInteger(rows)
  );
}

function isCheck(value: unknown): value is CheckResult {
  const { check, columns, samples, severity, ok, count } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (
    typeof check === 'string' &&
    Array.isArray(columns) &&
    Array.isArray(samples) &&
    typeof severity === 'string' &&
    typeof ok === 'boolean' &&
    Number.isSafeInteger(count)
  );
}
