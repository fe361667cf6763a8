/** The parts of OpenLineage 2-0-2 that are told, as JSON: https://openlineage.io/spec/2-0-2/OpenLineage.json */

export type Facets = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface Dataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets?: Facets;
  readonly inputFacets?: Facets;
  readonly outputFacets?: Facets;
}

export type EventType = 'START' | 'RUNNING' | 'COMPLETE' | 'FAIL' | 'ABORT';

export interface RunEvent {
  readonly eventType: EventType;
  /** ISO 8601. */
  readonly eventTime: string;
  readonly producer: string;
  readonly schemaURL: string;
  readonly run: { readonly runId: string; readonly facets: Facets };
  readonly job: { readonly namespace: string; readonly name: string; readonly facets: Facets };
  readonly inputs: readonly Dataset[];
  readonly outputs: readonly Dataset[];
}

export const RUN_EVENT_SCHEMA = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent';

/** Key of a facet → its schema. */
const FACETS = {
  columnLineage: 'facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet',
  dataQualityAssertions: 'facets/1-1-0/DataQualityAssertionsDatasetFacet.json#/$defs/DataQualityAssertionsDatasetFacet',
  documentation: 'facets/1-1-0/DocumentationJobFacet.json#/$defs/DocumentationJobFacet',
  errorMessage: 'facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet',
  jobType: 'facets/2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet',
  nominalTime: 'facets/1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet',
  outputStatistics: 'facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet',
  parent: 'facets/1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet',
  processing_engine: 'facets/1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet',
  schema: 'facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet',
  version: 'facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet',
} as const;

export type FacetName = keyof typeof FACETS;

/** Facets by their names, each with who says so and its schema. */
export function facets(producer: string, told: { readonly [Name in FacetName]?: Readonly<Record<string, unknown>> | undefined }): Facets {
  return Object.fromEntries(
    Object.entries(told).flatMap(([name, fields]) =>
      fields === undefined
        ? []
        : [[name, { _producer: producer, _schemaURL: `https://openlineage.io/spec/${FACETS[name as FacetName]}`, ...fields }]],
    ),
  );
}
