import { dag, triggerDag } from '@headrace/sdk';
import shop from './shop.ts';

/** Asks for two runs of `shop`; one with params that it does not take. */
export const outer = dag('outer', { tags: ['test'], retries: { max: 2, delay: '1h' } }, () => {
  triggerDag('good', { dag: shop, params: { items: 3 } });
  triggerDag('bad', { dag: shop, params: { items: 0 } });
});
