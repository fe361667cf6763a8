import { scheduleStoreConformance } from '@headrace/ports/conformance/schedule-store';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';
import { saveDag } from './support/scenario.ts';

scheduleStoreConformance(
  { describe, test, expect, beforeAll, afterAll, beforeEach },
  {
    name: 'Postgres',
    async open() {
      const db = await testDatabase();
      const run = async (change: string, runKey: string): Promise<void> => {
        await db.sql.query(`update dag_run set ${change} where id = $1`, [runKey]);
      };
      return {
        schedules: db.store.schedules,
        scheduler: db.store.scheduler,
        commands: db.store.commands,
        async begin(spec) {
          await db.sql.query('truncate backfill cascade');
          await db.clean();
          await saveDag(db.store, spec);
          await db.sql.query('update dag set next_due_at = null');
        },
        end: (runKey) => run("state = 'success', ended_at = now()", runKey),
        clear: (runKey) => run("state = 'queued', revision = revision + 1, started_at = null, ended_at = null", runKey),
        letGo: (runKey) => run('held_for = null', runKey),
        setEnding: (runKey) => run(`progress = '{"ending": {"why": "cancelled", "status": "failed"}}'`, runKey),
        close: () => db.drop(),
      };
    },
  },
);
