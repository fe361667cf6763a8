import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { objectStoreConformance } from '@headrace/ports/conformance/object-store';
import * as jest from '@jest/globals';
import { createObjectStore } from '../src/index.ts';

objectStoreConformance(jest, {
  name: 'A folder',
  async open() {
    const root = await mkdtemp(join(tmpdir(), 'headrace-objects-'));
    let stores = 0;
    return {
      empty: async () => createObjectStore(pathToFileURL(join(root, `store ${++stores}`)).href),
      close: () => rm(root, { recursive: true }),
    };
  },
});
