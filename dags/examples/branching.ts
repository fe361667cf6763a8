import { branch, dag, latestOnly, shortCircuit, switchOn, task } from '@headrace/sdk';
import { z } from 'zod';

const params = z.object({ rows: z.number().int().default(1_200), region: z.enum(['eu', 'us']).default('eu') });

/** A run takes the way that its data say. Unknown targets and missing cases do not compile. */
export default dag('example_branching', { params, tags: ['example'] }, ({ params }) => {
  const full = task('full_load', () => 'full');
  const incremental = task('incremental_load', () => 'incremental');
  branch('how', { in: { rows: params.rows }, to: { full, incremental } }, ({ rows }) => (rows > 1_000 ? 'full' : 'incremental'));
  const loaded = task(
    'loaded',
    { in: { full, incremental }, triggerRule: 'none_failed_min_one_success' },
    ({ full, incremental }) => full ?? incremental,
  );

  const eu = task('to_frankfurt', { after: loaded }, () => 'frankfurt');
  const us = task('to_oregon', { after: loaded }, () => 'oregon');
  switchOn('where', { in: { region: params.region }, on: ({ region }) => region, cases: { eu, us } });

  const any = shortCircuit('any_rows', { in: { rows: params.rows } }, ({ rows }) => rows > 0);
  task('publish', { after: any }, () => 'published');

  // In a run that is made up for later it makes no sense to tell people.
  const newest = latestOnly('only_the_newest');
  task('tell_people', { after: newest }, () => 'told');
});
