import { attemptStoreConformance } from '@headrace/ports/conformance/attempt-store';
import { commandStoreConformance } from '@headrace/ports/conformance/command-store';
import { schedulerStoreConformance } from '@headrace/ports/conformance/scheduler-store';
import type { StoreHarness } from '@headrace/ports/conformance/store-world';
import * as jest from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';

async function open(): Promise<StoreHarness> {
  const { store, sql, drop } = await testDatabase();
  const { scheduler, attempts, commands, catalog, events } = store;
  return {
    scheduler,
    attempts,
    commands,
    catalog,
    events,
    resizePool: async (slots) => void (await sql.query('update pool set slots = $1', [slots])),
    close: drop,
  };
}

schedulerStoreConformance(jest, { name: 'Postgres', open });
attemptStoreConformance(jest, { name: 'Postgres', open });
commandStoreConformance(jest, { name: 'Postgres', open });
