import { assetInterleavings } from '@headrace/ports/conformance/asset-interleavings';
import { assetStoreConformance } from '@headrace/ports/conformance/asset-store';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';

assetStoreConformance(
  { describe, test, expect, beforeAll, afterAll },
  {
    name: 'Postgres',
    async open() {
      const database = await testDatabase();
      return {
        async empty() {
          await database.clean();
          return database.store;
        },
        async run(runKey) {
          const { rows } = await database.sql.query(
            `select dag_id, run_id, run_type, state, triggered_by, partition_key, interval_start, interval_end, params from dag_run where id = $1`,
            [runKey],
          );
          const [row] = rows;
          return {
            dagId: row.dag_id,
            runId: row.run_id,
            runType: row.run_type,
            status: row.state,
            triggeredBy: row.triggered_by,
            partition: row.partition_key ?? undefined,
            intervalStart: row.interval_start?.getTime(),
            intervalEnd: row.interval_end?.getTime(),
            params: row.params,
          };
        },
        close: () => database.drop(),
      };
    },
  },
);

describe('Postgres, by chance', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>;
  beforeAll(async () => {
    database = await testDatabase();
  }, 60_000);
  afterAll(() => database?.drop());

  assetInterleavings(
    { test, expect },
    {
      rounds: 20,
      async empty() {
        await database.clean();
        return database.store;
      },
    },
  );
});
