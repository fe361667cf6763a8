import { cron, dag, task } from '@headrace/sdk';

const halfHourly = { schedule: cron('*/30 * * * *'), start: '2026-01-01', paused: true, tags: ['example'] } as const;
const work = (): void => void task('work', () => 'done');

/** What becomes of a run that is due while the one before still goes on. */
export const skip = dag('example_overlap_skip', { ...halfHourly, overlap: 'skip' }, work);
export const bufferOne = dag('example_overlap_buffer_one', { ...halfHourly, overlap: 'buffer-one' }, work);
export const bufferAll = dag('example_overlap_buffer_all', { ...halfHourly, overlap: 'buffer-all' }, work);
export const cancelOther = dag('example_overlap_cancel_other', { ...halfHourly, overlap: 'cancel-other' }, work);
export const terminateOther = dag('example_overlap_terminate_other', { ...halfHourly, overlap: 'terminate-other' }, work);
