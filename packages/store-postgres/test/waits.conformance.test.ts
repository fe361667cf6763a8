import { waitStoreConformance } from '@headrace/ports/conformance/wait-store';
import * as jest from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';
import { dagSpec, decide, queuedTask, saveDag, taskSpec } from './support/scenario.ts';

waitStoreConformance(jest, {
  name: 'Postgres',
  async open() {
    const database = await testDatabase();
    const { store, sql } = database;
    let dags = 0;
    return {
      waits: store.waits,
      attempts: store.attempts,
      scheduler: store.scheduler,
      commands: store.commands,
      async queued() {
        const spec = dagSpec(`waits-${++dags}`, [taskSpec('t')]);
        await saveDag(store, spec);
        return queuedTask(store, spec);
      },
      giveSlots: async () => (await decide(store)).queued,
      async pass(ms) {
        await sql.query(`update wait set due_at = due_at - $1 * interval '1 millisecond' where ended_at is null`, [ms]);
      },
      close: () => database.drop(),
    };
  },
});
