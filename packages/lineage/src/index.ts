export { type DatasetName, datasetName, type NamedPlace } from './dataset-names.ts';
export { createLineageChannel, type LineageTransport } from './lineage-channel.ts';
export { type AttemptEnd, type LineageAttempt, LineageEvents, type LineageOptions, type LineageRun } from './lineage-events.ts';
export { type ConfiguredLineage, configuredLineage, type LineageSettings } from './lineage-settings.ts';
export { createRunLineage, type EndedRun, type RunLineage } from './run-lineage.ts';
