/**
 * What goes over the wire: schemas of requests and answers, and the codes of problems. No server code.
 *
 * W1. Paths, names and shapes are those of Airflow's REST API v2. A field of ours beside them says so.
 * W2. A request field or query parameter that is not listed is refused: a filter that is silently ignored gives wrong answers.
 */
export * from './assets.ts';
export * from './audit.ts';
export * from './auth.ts';
export * from './backfills.ts';
export * from './bulk.ts';
export * from './connections.ts';
export * from './cursors.ts';
export * from './dag-facts.ts';
export * from './dag-runs.ts';
export * from './dag-versions.ts';
export * from './dags.ts';
export * from './data-reports.ts';
export * from './events.ts';
export * from './explain.ts';
export * from './import-errors.ts';
export * from './lineage.ts';
export * from './logs.ts';
export * from './monitor.ts';
export * from './notices.ts';
export * from './paging.ts';
export * from './pools.ts';
export * from './problem.ts';
export * from './progress.ts';
export * from './ranges.ts';
export * from './scalars.ts';
export * from './server.ts';
export * from './task-instances.ts';
export * from './tasks.ts';
export * from './upcoming-runs.ts';
export * from './users.ts';
export * from './variables.ts';
export * from './waits.ts';
export * from './xcoms.ts';
