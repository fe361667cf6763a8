import { accessStoreConformance } from '@headrace/ports/conformance/access-store';
import * as jest from '@jest/globals';
import { createMemoryStore } from '../src/index.ts';

accessStoreConformance(jest, {
  name: 'Memory',
  async open() {
    let current = createMemoryStore({ now: () => 0 }).access;
    return {
      // The suite holds on to one object.
      access: new Proxy(current, { get: (_, name) => Reflect.get(current, name) }),
      async empty() {
        current = createMemoryStore({ now: () => 0 }).access;
      },
      close: async () => {},
    };
  },
});
