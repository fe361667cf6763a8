export { isDagFileName, listDagFiles } from './dag-files.ts';
export {
  createDagLoader,
  type DagLoader,
  type DagLoaderOptions,
  ParamsCheckError,
  type ParamsVerdict,
  type SlowFile,
} from './dag-loader.ts';
export type { EvaluationLimits } from './evaluator.ts';
export type { LoadOutcome } from './judge-answer.ts';
export { type DagWatch, type WatchOptions, watchDags } from './watch-dags.ts';
