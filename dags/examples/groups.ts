import { chain, cross, dag, group, task } from '@headrace/sdk';

/** Order without results: groups within groups, chains, and each with each. */
export default dag('example_groups', { tags: ['example'], owners: ['data'], defaults: { retries: { max: 2, delay: '10s' } } }, () => {
  const begin = task('begin', () => undefined);

  const extracts = group('extract', { defaults: { pool: 'default_pool' } }, () => {
    const tills = group('tills', { doc: 'One export a till.' }, () => ({ a: task('a', () => 1), b: task('b', () => 2) }));
    const stock = task('stock', () => 3);
    return { tills, stock };
  });

  // When one of its tasks has failed and all have ended, the whole group is run anew, twice at most.
  const load = group('load', { retries: { max: 2, delay: '1 minute' } }, () => {
    const staged = task('stage', () => 'staged');
    return task('swap', { in: { staged } }, ({ staged }) => `${staged} and swapped`);
  });

  const [checks, counts] = [task('check', () => true), task('count', () => 6)];
  chain(begin, extracts, load, [checks, counts]);
  cross([checks, counts], [task('report', () => 'done'), task('archive', () => 'kept')]);
});
