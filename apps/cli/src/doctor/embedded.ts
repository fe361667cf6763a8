/** What `headrace doctor` finds of a standalone in HEADRACE_HOME, where no DATABASE_URL is set. Starts nothing. */
import { findEmbeddedPostgres } from '@headrace/embedded-postgres';
import { postgresFolder, STATE_DATABASE } from '../embedded-database.ts';
import { standaloneOf } from '../standalone-lock.ts';
import { type Diagnosis, fail, ok, reasonOf, skip, warn } from './diagnosis.ts';

export interface FoundStandalone {
  readonly lines: readonly Diagnosis[];
  /** Of its database, while that runs. */
  readonly databaseUrl?: string;
}

const START = 'start it: `headrace standalone`; or set DATABASE_URL';

export function findStandalone(home: string): FoundStandalone {
  const pid = standaloneOf(home);
  let found: ReturnType<typeof findEmbeddedPostgres>;
  try {
    found = findEmbeddedPostgres(postgresFolder(home));
  } catch (error) {
    return { lines: [fail('standalone', `${home}: ${reasonOf(error)}`, 'ask as the user who started it')] };
  }
  if (found === undefined)
    return { lines: [skip('standalone', `DATABASE_URL is not set, and none has made its database in ${home} yet`), unseen()] };
  const databaseUrl = found.url?.(STATE_DATABASE);
  if (databaseUrl === undefined) {
    if (pid !== undefined)
      return {
        lines: [
          fail('standalone', `process ${pid} uses ${home}, but its PostgreSQL does not run`, `see ${postgresFolder(home)}/postgres.log`),
        ],
      };
    return { lines: [warn('standalone', `it is not running in ${home}`, START), unseen()] };
  }
  const line =
    pid === undefined
      ? warn('standalone', `it is not running in ${home}; its PostgreSQL is, as a standalone that was killed leaves it`, START)
      : ok('standalone', `process ${pid} uses ${home}`);
  return { lines: [line], databaseUrl };
}

function unseen(): Diagnosis {
  return skip('database', 'cannot be looked at: the PostgreSQL of standalone runs only while standalone does');
}
