import type { TargetConnector } from '@headrace/dataplane';

/** Writes to a collection, and keeps cursors beside it. The driver is loaded with the first use. */
export const mongodbTarget: TargetConnector = {
  dispositions: ['append', 'replace', 'replace-partition', 'merge'],
  cursors: {
    read: async (...place) => (await import('./cursor-collection.ts')).cursorCollection.read(...place),
    list: async (...place) => (await import('./cursor-collection.ts')).cursorCollection.list(...place),
    set: async (...place) => (await import('./cursor-collection.ts')).cursorCollection.set(...place),
  },
  write: async (request, work) => (await import('./write-collection.ts')).writeCollection(request, work),
};
