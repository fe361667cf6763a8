/** What a task read and wrote, as places. */
import type { DatasetResult, Lineage, LineagePlace, Place, Source } from '@headrace/sdk';

interface Operated {
  readonly target?: Place;
  readonly source?: Source;
  readonly sources?: Readonly<Record<string, Source>>;
}

/** Places of an operation, of the results that it was given, and of its own. */
export function placesOf(
  { target, source, sources = {} }: Operated,
  inputs: Readonly<Record<string, unknown>>,
  result: DatasetResult,
): Pick<Lineage, 'reads' | 'writes'> {
  const reads = [
    ...Object.entries(inputs).flatMap(([input, given]) => placeOfResult(given, input)),
    ...Object.entries({ ...sources, ...(source === undefined ? {} : { from: source }) }).map(([input, place]) => ({
      input,
      ...placeOf(place),
    })),
  ];
  const written = placeOfResult(result);
  return { reads, writes: target === undefined ? written : written.map((place) => ({ ...place, connector: target.connector })) };
}

/**
 * The lineage of rows that are written as they were read, each column from the one of its name. Columns only where all of them are known
 * to be so: of a query nobody knows, and names may have been changed on the way.
 */
export function copiedLineage(operated: Operated, inputs: Readonly<Record<string, unknown>>, result: DatasetResult): Lineage {
  const places = placesOf(operated, inputs, result);
  const [from, ...more] = places.reads;
  if (from?.input === undefined || more.length > 0 || operated.source?.kind === 'query') return places;
  const given = (inputs[from.input] as Partial<DatasetResult> | undefined)?.columns?.map(({ name }) => name);
  const written = result.columns.map(({ name }) => name).filter((name) => !name.startsWith(OURS));
  const known = given === undefined ? operated.source !== undefined : written.every((name) => given.includes(name));
  if (!known) return places;
  const { input } = from;
  return { ...places, columns: Object.fromEntries(written.map((column) => [column, [{ input, column }]])) };
}

/** Before the names of columns that Headrace adds. */
const OURS = '_headrace';

const KINDS: Readonly<Record<string, string>> = { package: 'packages', lake: 'lake', file: 'files', delivery: 'http', table: 'table' };

/** Nothing for what names no rows. */
function placeOfResult(given: unknown, input?: string): readonly LineagePlace[] {
  const result = given as DatasetResult | null | undefined;
  if (typeof result !== 'object' || result === null || !(result.kind in KINDS)) return [];
  const name = nameOf(result);
  // A table's connector is known to who wrote it.
  const [wrote] = result.lineage?.writes ?? [];
  const connector = wrote?.connector ?? KINDS[result.kind] ?? result.kind;
  return [{ ...(input === undefined ? {} : { input }), connector, connection: result.connection, name }];
}

function nameOf(result: DatasetResult): string {
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

/** A query has no name: it is what it reads. */
function placeOf({ connector, connection, kind, settings }: Place): LineagePlace {
  const name = settings.name ?? settings.path ?? settings.collection;
  return { connector, connection, name: name === undefined ? kind : String(name) };
}
