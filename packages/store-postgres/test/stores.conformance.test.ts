import { attemptStoreConformance } from '@headrace/ports/conformance/attempt-store';
import { commandStoreConformance } from '@headrace/ports/conformance/command-store';
import { schedulerStoreConformance } from '@headrace/ports/conformance/scheduler-store';
import { type StateStoreHarness, stateStoreConformance } from '@headrace/ports/conformance/state-store';
import * as jest from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';

async function open(): Promise<StateStoreHarness> {
  const { store, sql, drop } = await testDatabase();
  const { scheduler, attempts, commands, catalog, events, states } = store;
  return {
    scheduler,
    attempts,
    commands,
    catalog,
    events,
    states,
    resizePool: async (slots) => void (await sql.query('update pool set slots = $1', [slots])),
    close: drop,
  };
}

schedulerStoreConformance(jest, { name: 'Postgres', open });
attemptStoreConformance(jest, { name: 'Postgres', open });
commandStoreConformance(jest, { name: 'Postgres', open });
stateStoreConformance(jest, { name: 'Postgres', open });
