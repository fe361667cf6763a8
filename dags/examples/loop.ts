import { again, dag, done, loop, task } from '@headrace/sdk';

interface Page {
  readonly cursor: number;
  readonly rows: number;
}

const PAGES = [40, 40, 7];

/** Pages of an API, one iteration each, until there is no more. The state passes from one to the next with its type. */
export default dag('example_loop', { tags: ['example'] }, () => {
  const first: Page = { cursor: 0, rows: 0 };
  const rows = loop('pages', { initial: first, max: 100 }, ({ state }) => {
    const fetched = task('fetch', { in: { state } }, ({ state }) => ({
      count: PAGES[state.cursor] ?? 0,
      more: state.cursor + 1 < PAGES.length,
    }));
    return task('next', { in: { state, fetched } }, ({ state, fetched }) => {
      const rows = state.rows + fetched.count;
      return fetched.more ? again({ cursor: state.cursor + 1, rows }) : done(rows);
    });
  });

  task('report', { in: { rows } }, ({ rows, log }) => log.info(`${rows} rows`));
});
