import { backfillStoreConformance } from '@headrace/ports/conformance/backfill-store';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';
import { saveDag } from './support/scenario.ts';

backfillStoreConformance(
  { describe, test, expect, beforeAll, afterAll, beforeEach },
  {
    name: 'Postgres',
    async open() {
      const db = await testDatabase();
      return {
        backfills: db.store.backfills,
        scheduler: db.store.scheduler,
        commands: db.store.commands,
        async begin(spec) {
          await db.sql.query('truncate backfill cascade');
          await db.clean();
          await saveDag(db.store, spec);
          await db.sql.query('update dag set next_due_at = null');
        },
        saveDag: (spec) => saveDag(db.store, spec),
        async end(runKey, status) {
          await db.sql.query('update dag_run set state = $2, ended_at = now() where id = $1', [runKey, status]);
        },
        async clear(runKey) {
          await db.sql.query("update dag_run set state = 'queued', revision = revision + 1, started_at = null where id = $1", [runKey]);
        },
        close: () => db.drop(),
      };
    },
  },
);
