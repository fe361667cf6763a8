/** What an attempt read and wrote, as OpenLineage's datasets: from its loads, its checks and their lineage. */
import type { DataLineage, DataReport, NewCheck, NewLoad } from '@headrace/ports';
import { type DatasetName, datasetName, type NamedPlace } from './dataset-names.ts';
import { type Dataset, facets } from './open-lineage.ts';

export interface DatasetsOf {
  readonly inputs: readonly Dataset[];
  readonly outputs: readonly Dataset[];
}

/** The URL of a connection; undefined where it is not known. */
export type UrlOfConnection = (connection: string) => string | undefined;

/** What a place is called that has no name of its own: what it is made of is told instead. */
const NAMELESS = 'query';

export function datasetsOf({ loads, checks }: DataReport, urlOf: UrlOfConnection, producer: string): DatasetsOf {
  const nameOf = (place: NamedPlace): DatasetName => datasetName(place, urlOf(place.connection));
  const inputs = new Map<string, Dataset>();
  const outputs = new Map<string, Dataset>();
  for (const load of loads) {
    for (const place of load.lineage?.reads ?? []) if (place.name !== NAMELESS) add(inputs, nameOf(place));
    for (const place of load.lineage?.writes ?? [{ connection: load.connection, name: load.place }])
      outputs.set(key(nameOf(place)), written(nameOf(place), load, checks, nameOf, producer));
  }
  // A check that failed its task tells of rows that were not written; one of rows that were read is theirs.
  for (const { connection, place } of checks) {
    const name = nameOf({ connection, name: place });
    if (outputs.has(key(name))) continue;
    inputs.set(key(name), {
      ...name,
      inputFacets: facets(producer, { dataQualityAssertions: assertions(checksOf(name, checks, nameOf)) }),
    });
  }
  return { inputs: [...inputs.values()], outputs: [...outputs.values()] };
}

type NameOf = (place: NamedPlace) => DatasetName;

function written(name: DatasetName, load: NewLoad, checks: readonly NewCheck[], nameOf: NameOf, producer: string): Dataset {
  const { columns, lineage, version, rowsOut, bytes } = load;
  const told = checksOf(name, checks, nameOf);
  return {
    ...name,
    facets: facets(producer, {
      schema: columns.length === 0 ? undefined : { fields: columns.map(({ name: column, type }) => ({ name: column, type })) },
      columnLineage: lineage === undefined ? undefined : columnLineage(lineage, nameOf),
      version: version === undefined ? undefined : { datasetVersion: String(version) },
      dataQualityAssertions: told.length === 0 ? undefined : assertions(told),
    }),
    outputFacets: facets(producer, { outputStatistics: { rowCount: rowsOut, ...(bytes === undefined ? {} : { size: bytes }) } }),
  };
}

function columnLineage({ columns, reads }: DataLineage, nameOf: NameOf): Readonly<Record<string, unknown>> | undefined {
  if (columns === undefined) return undefined;
  const byInput = new Map(reads.flatMap((place) => (place.input === undefined ? [] : [[place.input, nameOf(place)] as const])));
  const fields = Object.entries(columns).map(([column, origins]) => {
    const inputFields = origins.flatMap(({ input, column: field }) => {
      const from = byInput.get(input);
      return from === undefined ? [] : [{ ...from, field }];
    });
    return [column, { inputFields }] as const;
  });
  return { fields: Object.fromEntries(fields) };
}

function checksOf(name: DatasetName, checks: readonly NewCheck[], nameOf: NameOf): readonly NewCheck[] {
  return checks.filter(({ connection, place }) => key(nameOf({ connection, name: place })) === key(name));
}

/** A check of several columns is told of each. */
function assertions(checks: readonly NewCheck[]): Readonly<Record<string, unknown>> {
  return {
    assertions: checks.flatMap(({ name, columns, ok, severity, count }) =>
      (columns.length === 0 ? [undefined] : columns).map((column) => ({
        assertion: name,
        success: ok,
        severity,
        ...(ok ? {} : { actual: String(count) }),
        ...(column === undefined ? {} : { column }),
      })),
    ),
  };
}

function add(datasets: Map<string, Dataset>, name: DatasetName): void {
  if (!datasets.has(key(name))) datasets.set(key(name), name);
}

function key({ namespace, name }: DatasetName): string {
  return `${namespace}\n${name}`;
}
