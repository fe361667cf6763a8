import { dag, group, task } from '@headrace/sdk';

/** A group of tasks for each shop; groups have ids, defaults and retries of their own. */
export default dag('example_mapped_group', { tags: ['example'], defaults: { retries: 1 } }, () => {
  const shops = task('shops', () => ['berlin', 'hamburg', 'munich']);

  const revenue = group('shop', { each: shops, label: '{item}', defaults: { priority: 5 } }, ({ item }) => {
    const sales = task('sales', { in: { shop: item } }, ({ shop }) => shop.length * 100);
    return task('revenue', { in: { sales, shop: item } }, ({ sales, shop }) => ({ shop, revenue: sales * 2 }));
  });

  task('total', { in: { revenue } }, async ({ revenue }) => {
    const all = await revenue.toArray();
    return all.reduce((sum, each) => sum + each.revenue, 0);
  });
});
