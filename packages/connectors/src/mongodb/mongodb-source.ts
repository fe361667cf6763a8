import type { SourceConnector } from '@headrace/dataplane';

/** Reads a collection. The driver is loaded with the first one. */
export const mongodbSource: SourceConnector = {
  open: async (source, work, options) => (await import('./read-collection.ts')).readCollection(source, work, options),
};
