export { BundleCache } from './bundle-cache.ts';
export type { ParamsCheck } from './trigger-run.ts';
export { startWorker, type Worker, type WorkerOptions, type WorkerStatus } from './worker.ts';
