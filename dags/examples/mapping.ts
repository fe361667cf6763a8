import { dag, product, task, zip } from '@headrace/sdk';

/** A task for each item: of a list, of another task's result, of every combination, of lists in step. */
export default dag('example_mapping', { tags: ['example'] }, () => {
  // Items that the file has.
  const added = task('add_one', { each: [1, 2, 3] }, ({ item }) => item + 1);
  // All their results: `sum` waits for every instance.
  task('sum', { in: { added } }, async ({ added }) => {
    let sum = 0;
    for await (const each of added) sum += each;
    return sum;
  });

  // As many as there turn out to be. What is the same for all stands in `in`.
  const files = task('list_files', () => ['2026/a.csv', '2026/b.csv']);
  const bucket = task('bucket', () => 'sales');
  const sizes = task('size_of', { each: files, in: { bucket }, label: '{item}' }, ({ item, bucket }) => ({
    path: `${bucket}/${item}`,
    bytes: item.length,
  }));
  // Mapped over the results of a mapped task.
  task('check', { each: sizes }, ({ item }) => item.bytes > 0);

  task('price', { each: product({ shop: ['berlin', 'hamburg'], article: [1, 2, 3] }) }, ({ shop, article }) => `${shop}-${article}`);
  task('pair', { each: zip({ name: ['a', 'b'], weight: [0.2, 0.8] }) }, ({ name, weight }) => ({ [name]: weight }));

  // Nothing to do is `skipped`, and so is what needs it.
  const none = task('none', (): number[] => []);
  const nothing = task('for_none', { each: none }, ({ item }) => item);
  task('after_nothing', { after: nothing, triggerRule: 'none_failed' }, () => 'goes on');
});
