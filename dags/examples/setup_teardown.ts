import { dag, setup, task, teardown, using } from '@headrace/sdk';

/** The cluster is taken down whatever becomes of the work: when it fails, and when the run is cancelled. */
export default dag('example_setup_teardown', { tags: ['example'] }, () => {
  const cluster = setup('create_cluster', () => ({ id: 'cluster-1', cores: 8 }));
  const gone = teardown('delete_cluster', { in: { cluster } }, ({ cluster }) => `deleted ${cluster.id}`);

  using(cluster, gone, () => {
    const counted = task('count', { in: { cluster } }, ({ cluster }) => cluster.cores * 1_000);
    task('report', { in: { counted } }, ({ counted, log }) => log.info(`counted ${counted}`));
  });
});
