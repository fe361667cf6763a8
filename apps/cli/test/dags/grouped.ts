import { again, chain, dag, done, group, loop, task } from '@headrace/sdk';

/** A group with a group in it, and a loop of three iterations. */
export default dag('grouped', { tags: ['test'] }, () => {
  const prepared = group('prepare', () => {
    const fetched = task('fetch', () => 1);
    return group('check', () => task('count', { in: { fetched } }, ({ fetched }) => fetched));
  });
  const pages = loop('pages', { initial: 0, max: 5 }, ({ state }) =>
    task('next', { in: { state } }, ({ state }) => (state < 2 ? again(state + 1) : done(state))),
  );
  chain(prepared, pages);
});
