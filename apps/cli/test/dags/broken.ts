import { dag } from '@headrace/sdk';

export default dag('broken', {}, () => {
  throw new Error('this file cannot be loaded');
});
