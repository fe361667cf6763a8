export { retentionPolicy } from './retention-policy.ts';
export { runScheduler } from './run-scheduler.ts';
