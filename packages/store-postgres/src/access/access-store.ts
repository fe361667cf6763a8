/** Who may come in, and what was granted to whom. */
import type { Instant } from '@headrace/core';
import type { AccessStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { timestamp } from '../timestamp.ts';
import { firstLinkStore } from './first-link.ts';
import { grantStore } from './grants.ts';
import { keyStore } from './keys.ts';
import { sessionStore } from './sessions.ts';
import { tryStore } from './tries.ts';
import { userStore } from './users.ts';

/** No long locks: what is left over goes with the next sweep. */
const SWEPT_AT_ONCE = 5_000;
const SWEEPS = [
  `delete from access_session where id in (
    select id from access_session
    where expires_at <= $1::timestamptz or used_at <= $1::timestamptz - idle_ms * interval '1 millisecond' limit ${SWEPT_AT_ONCE})`,
  `delete from access_try where key in (
    select key from access_try where forget_at <= $1::timestamptz and next_at <= $1::timestamptz limit ${SWEPT_AT_ONCE})`,
  'delete from access_first_link where expires_at <= $1::timestamptz',
];

export function createAccessStore(database: Database): AccessStore {
  return {
    ...userStore(database),
    ...sessionStore(database),
    ...keyStore(database),
    ...grantStore(database),
    ...tryStore(database),
    ...firstLinkStore(database),
    sweepAccess: (now) => sweep(database, now),
  };
}

async function sweep(database: Database, now: Instant): Promise<number> {
  let swept = 0;
  for (const text of SWEEPS) swept += (await database.lane('work').query(text, [timestamp(now)])).rowCount ?? 0;
  return swept;
}
