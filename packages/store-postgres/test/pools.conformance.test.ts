import { poolStoreConformance } from '@headrace/ports/conformance/pool-store';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';
import { dagSpec, saveDag, startedRun, taskSpec } from './support/scenario.ts';
import { until } from './support/until.ts';

poolStoreConformance(
  { describe, test, expect, beforeAll, afterAll },
  {
    name: 'Postgres',
    async open() {
      const database = await testDatabase();
      const { store, sql } = database;
      let tasks = 0;
      let told: string[] = [];
      const stop = await store.events.listen({
        onEvents: (events) => told.push(...events.flatMap((event) => (event.type === 'pool' ? [event.pool] : []))),
        onGap: () => {},
      });
      return {
        pools: store.pools,
        async addTask(pool, slots, status) {
          const spec = dagSpec(`dag_${++tasks}`, [taskSpec('a', { pool, poolSlots: slots })]);
          await saveDag(store, spec);
          const { runKey } = await startedRun(store, spec);
          await sql.query('update task_instance set state = $2 where dag_run_id = $1', [runKey, status]);
        },
        async told() {
          // What is told last of all shows that everything before it was heard.
          const marker = `marker ${++tasks}`;
          await sql.query('select pg_notify($1, $2)', ['headrace_events', `p${marker}`]);
          await until('the news', async () => (told.includes(marker) ? true : undefined));
          const heard = told.filter((pool) => !pool.startsWith('marker'));
          told = [];
          return heard;
        },
        async close() {
          await stop();
          await database.drop();
        },
      };
    },
  },
);
