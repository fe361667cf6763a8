import { cron, dag, task } from '@headrace/sdk';

export default dag('nightly', { schedule: cron('0 3 * * *'), start: '2020-01-01' }, () => {
  task('night', async ({ interval }) => interval.day);
});
