/** Housekeeping's side of the store. */
import type { RetentionResult, RetentionStep, RetentionStore } from '@headrace/ports';
import { forgetAudit } from '../audit/forget-audit.ts';
import type { Database, Queryable } from '../database.ts';
import { observed } from '../observed.ts';
import { timestamp } from '../timestamp.ts';
import { placeOf } from './cursor.ts';
import { doomedObjects, doomObjects, forgetObjects } from './objects.ts';
import { removeRecords } from './records.ts';
import { removeRuns } from './runs.ts';

/** Any number, but the same for ever. */
const LOCK = 7_428_015;

export function createRetentionStore(database: Database): RetentionStore {
  const work = () => database.lane('work');
  return {
    async exclusively(job) {
      // A session of its own holds the lock, and loses it whatever becomes of this process.
      const session = await database.connect('housekeeping');
      session.on('error', (error) => database.log.warn({ error }, 'the connection that keeps others from housekeeping was lost'));
      try {
        const { rows } = await session.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCK]);
        return rows[0]?.mine === true ? await job() : undefined;
      } finally {
        await session.end().catch(() => {});
      }
    },
    remove: (kind, step) =>
      observed(database.metrics, `remove_${kind}`, async () => {
        switch (kind) {
          case 'runs':
            return removeRuns(work(), step, placeOf(step.after));
          case 'logs':
          case 'results':
            return doomObjects(work(), kind, step, placeOf(step.after));
          case 'audit':
            return forgetAudit(work(), step);
          case 'processes':
            return removeProcesses(work(), step);
          default:
            return removeRecords(work(), kind, step, placeOf(step.after));
        }
      }),
    doomedObjects: (limit) => doomedObjects(work(), limit),
    forgetObjects: (ids) => forgetObjects(work(), ids),
  };
}

/** Workers and schedulers that died long ago. There are few of them. */
const GONE = `
  select (select count(*) from worker where lease_until < $1)::integer + (select count(*) from scheduler where lease_until < $1)::integer
    as processes`;
const REMOVE_GONE = `
  with workers as (delete from worker where lease_until < $1 returning 1),
  schedulers as (delete from scheduler where lease_until < $1 returning 1)
  select ((select count(*) from workers) + (select count(*) from schedulers))::integer as processes`;

async function removeProcesses(db: Queryable, { before, dryRun = false }: RetentionStep): Promise<RetentionResult> {
  const { rows } = await db.query<{ processes: number }>(dryRun ? GONE : REMOVE_GONE, [timestamp(before)]);
  return { removed: { processes: rows[0]?.processes ?? 0 } };
}
