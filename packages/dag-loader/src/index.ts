export { createTimetableEvaluator, TimetableError, type TimetableEvaluatorOptions } from './ask-timetable.ts';
export { ParamsCheckError, type ParamsQuestion, type ParamsVerdict } from './check-params.ts';
export { isDagFileName, listDagFiles } from './dag-files.ts';
export {
  createDagLoader,
  type DagLoader,
  type DagLoaderOptions,
  type SlowFile,
} from './dag-loader.ts';
export type { EvaluationLimits } from './evaluation-process.ts';
export { LoaderClosedError } from './evaluator.ts';
export type { LoadOutcome } from './judge-answer.ts';
export { type CheckedParams, createParamsValidator, type ParamsValidator, type ParamsValidatorOptions } from './params-validator.ts';
export { type DagWatch, type WatchOptions, watchDags } from './watch-dags.ts';
