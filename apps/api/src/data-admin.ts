/** What people do with a connection's data, by the connectors: kept out of the networks that they must not reach by naming an address. */
import type { NetworkGuard } from '@headrace/connectors/refused-networks';
import type { DataAdmin } from '@headrace/ports';

/** The drivers of all systems come with the first question. */
export function guardedDataAdmin(guard: NetworkGuard): DataAdmin {
  const admin = () => import('@headrace/connectors/admin');
  return {
    testConnection: (settings) => guard(async () => (await admin()).testConnection(settings)),
    listCursors: (settings, table) => guard(async () => (await admin()).listCursors(settings, table)),
    rewindCursor: (...asked) => guard(async () => (await admin()).rewindCursor(...asked)),
    resetCursor: (...asked) => guard(async () => (await admin()).resetCursor(...asked)),
  };
}
