export { BundleCache } from './bundle-cache.ts';
export { startWorker, type Worker, type WorkerOptions, type WorkerStatus } from './worker.ts';
