export { createDagLoader, type DagLoader, type DagLoaderOptions, type LoadOutcome, ParamsCheckError, type ParamsVerdict, type SlowFile } from './dag-loader.ts';
export { isDagFileName, listDagFiles } from './dag-files.ts';
export type { EvaluationLimits } from './evaluator.ts';
export { type DagWatch, watchDags, type WatchOptions } from './watch-dags.ts';
