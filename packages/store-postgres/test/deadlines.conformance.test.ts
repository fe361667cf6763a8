import { deadlineStoreConformance } from '@headrace/ports/conformance/deadline-store';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';
import { ALL_SHARDS, instancesOf, saveDag } from './support/scenario.ts';

deadlineStoreConformance(
  { describe, test, expect, beforeAll, afterAll },
  {
    name: 'Postgres',
    async open() {
      const database = await testDatabase();
      const { store, sql } = database;
      return {
        deadlines: store.deadlines,
        notices: store.notices,
        now: () => store.scheduler.now(),
        saveDag: (spec) => saveDag(store, spec),
        trigger: async (dagId) => (await store.commands.trigger({ dagId, params: {}, runType: 'manual', triggeredBy: 'test' })).runKey,
        async start() {
          await store.scheduler.startRuns(ALL_SHARDS, 1_000, async ({ versionId }) =>
            instancesOf(await store.scheduler.loadVersion(versionId)),
          );
        },
        async end(runKey, status, taskMs) {
          await sql.query(
            `update task_instance set state = 'success', started_at = now() - $2::bigint * interval '1 ms', ended_at = now()
             where dag_run_id = $1`,
            [runKey, taskMs],
          );
          await sql.query('update dag_run set state = $2, ended_at = now() where id = $1', [runKey, status]);
        },
        close: () => database.drop(),
      };
    },
  },
);
