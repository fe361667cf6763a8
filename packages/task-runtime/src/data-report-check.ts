/** Whether what a task process says of its data is a report: user code can write to the channel, and the store takes what passes here. */
import type { DataReport } from '@headrace/ports';

type Checks = Readonly<Record<string, (value: unknown) => boolean>>;

const isString = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf = (check: (value: unknown) => boolean) => (value: unknown) => Array.isArray(value) && value.every(check);
const isTexts = (value: unknown): boolean => isObject(value) && Object.values(value).every(isString);

const KINDS: ReadonlySet<unknown> = new Set(['package', 'lake', 'table', 'file', 'delivery']);

const isPlace = (value: unknown): boolean =>
  isObject(value) &&
  [value.connector, value.connection, value.name].every(isString) &&
  (value.input === undefined || isString(value.input));
const isOrigin = (value: unknown): boolean => isObject(value) && isString(value.input) && isString(value.column);
const isColumns = (value: unknown): boolean => value === undefined || (isObject(value) && Object.values(value).every(isListOf(isOrigin)));

const PLACE: Checks = { connection: isString, place: isString, partition: isTexts };

const LOAD: Checks = {
  ...PLACE,
  kind: (value) => KINDS.has(value),
  rowsIn: isCount,
  rowsOut: isCount,
  rowsDeduplicated: isCount,
  rowsQuarantined: isCount,
  unchanged: isBoolean,
  schemaHash: isString,
  columns: isListOf((column) => isObject(column) && isString(column.name) && isString(column.type)),
};

const LOAD_MAY: Checks = {
  loadId: isString,
  disposition: isString,
  rowsInserted: isCount,
  rowsUpdated: isCount,
  rowsDeleted: isCount,
  rowsUnchanged: isCount,
  bytes: isCount,
  version: isCount,
  drift: isListOf(isObject),
  cursor: isObject,
  quarantine: isString,
  lineage: (value) => isObject(value) && isListOf(isPlace)(value.reads) && isListOf(isPlace)(value.writes) && isColumns(value.columns),
};

const CHECK: Checks = {
  ...PLACE,
  name: isString,
  columns: isListOf(isString),
  severity: isString,
  ok: isBoolean,
  count: isCount,
  samples: isListOf(isString),
};

const CHECK_MAY: Checks = { loadId: isString, stage: isString, detail: isObject };

export function isDataReport(value: unknown): value is DataReport {
  return isObject(value) && isListOf(shaped(LOAD, LOAD_MAY))(value.loads) && isListOf(shaped(CHECK, CHECK_MAY))(value.checks);
}

function shaped(must: Checks, may: Checks): (value: unknown) => boolean {
  return (value) =>
    isObject(value) &&
    Object.entries(must).every(([name, check]) => check(value[name])) &&
    Object.entries(may).every(([name, check]) => value[name] === undefined || check(value[name]));
}
