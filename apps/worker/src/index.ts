export { runWorker } from './run-worker.ts';
export { startWorker, type Worker, type WorkerOptions, type WorkerStatus } from './worker.ts';
