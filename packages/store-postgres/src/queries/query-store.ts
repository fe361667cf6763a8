/** Reads for people: the API, the CLI, gauges. They have connections of their own and take no part in decisions. */
import type { QueryStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { countRuns, listFavorites, listTags, listWarnings } from './dag-facts.ts';
import { findDag, findVersion, listDagIds, listDags } from './dags.ts';
import { listImportErrors } from './import-errors.ts';
import { KeptSpecs } from './kept-specs.ts';
import { KeptVersions } from './kept-versions.ts';
import { readHealth, readLiveCounts } from './live.ts';
import { findRun, listRuns } from './runs.ts';
import { findResult, findTaskInstance, listResults, listTaskInstances, listTries } from './task-instances.ts';

export function createQueryStore(database: Database): QueryStore {
  const reads = () => database.lane('reads');
  const specs = new KeptSpecs();
  const versions = new KeptVersions();
  return {
    dags: (filter, page) => listDags(reads(), specs, filter, page),
    dag: (dagId) => findDag(reads(), specs, dagId),
    dagIds: () => listDagIds(reads()),
    version: (dagId, number) => findVersion(reads(), specs, dagId, number),
    importErrors: (page, filter) => listImportErrors(reads(), page, filter),
    runs: (filter, page) => listRuns(reads(), versions, filter, page),
    run: (dagId, runId) => findRun(reads(), versions, dagId, runId),
    taskInstances: (filter, page) => listTaskInstances(reads(), versions, filter, page),
    taskInstance: (dagId, runId, taskId, mapIndex) => findTaskInstance(reads(), versions, dagId, runId, taskId, mapIndex),
    tries: (taskInstanceId) => listTries(reads(), versions, taskInstanceId),
    result: (taskInstanceId, attempt) => findResult(reads(), taskInstanceId, attempt),
    results: (filter, page) => listResults(reads(), versions, filter, page),
    runCounts: (filter) => countRuns(reads(), filter),
    tags: (filter, page) => listTags(reads(), filter, page),
    warnings: (filter, page) => listWarnings(reads(), filter, page),
    favorites: (user) => listFavorites(reads(), user),
    health: () => readHealth(reads()),
    liveCounts: () => readLiveCounts(reads()),
  };
}
