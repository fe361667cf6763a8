/** A row of access_user as the port tells it. */
import type { Instant } from '@headrace/core';
import type { Role, UserRecord } from '@headrace/ports';
import { present } from '../queries/optional.ts';

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly display_name: string | null;
  readonly email: string | null;
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  readonly active: boolean;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly has_password: boolean;
  readonly created_at: Instant;
  readonly last_login_at: Instant | null;
}

/** Never the hash itself. */
export const USER_COLUMNS = `u.id, u.name, u.display_name, u.email, u.roles, u.groups, u.active, u.issuer, u.subject,
  u.password_hash is not null as has_password, u.created_at, u.last_login_at`;

export function userOf(row: UserRow): UserRecord {
  const { issuer, subject } = row;
  return {
    userId: row.id,
    name: row.name,
    roles: row.roles,
    groups: row.groups,
    active: row.active,
    hasPassword: row.has_password,
    createdAt: row.created_at,
    ...present({
      displayName: row.display_name,
      email: row.email,
      identity: issuer === null || subject === null ? null : { issuer, subject },
      lastLoginAt: row.last_login_at,
    }),
  };
}
