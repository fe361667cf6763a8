/**
 * What a task process needs of the SDK, and nothing of what builds DAGs: a DAG's bundle brings builders of its own, and every process
 * would pay for a second set with its memory and its start.
 */
export { DAG_BRAND, DEFINITION_VERSION, OUTCOME_BRAND } from './definition.ts';
export { durationMs } from './duration.ts';
export { SkipTask } from './outcomes.ts';
export { jsonSchemaOf } from './params.ts';
export { resolveReferences, runValues } from './references.ts';
export { zoneOf } from './schedule/timetable-of.ts';
