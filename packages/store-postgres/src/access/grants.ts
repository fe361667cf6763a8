/** Grants on single objects. */
import type { Instant } from '@headrace/core';
import { type AccessStore, type Action, type GrantedKind, type GrantRecord, type GrantSubject, UserNotFoundError } from '@headrace/ports';
import type { Database } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';
import { present } from '../queries/optional.ts';
import { timestamp } from '../timestamp.ts';
import { sqlStateOf } from '../transaction.ts';

interface Row {
  readonly id: string;
  readonly user_id: string | null;
  readonly user_name: string | null;
  readonly role_name: string | null;
  readonly group_name: string | null;
  readonly action: Action;
  readonly object: GrantedKind;
  readonly pattern: string;
  readonly created_at: Instant;
  readonly created_by: string | null;
}

const GRANTS: ListQuery<Row, GrantRecord> = {
  columns: 'g.id, g.user_id, u.name as user_name, g.role_name, g.group_name, g.action, g.object, g.pattern, g.created_at, g.created_by',
  from: 'access_grant g left join access_user u on u.id = g.user_id',
  order: { id: 'g.id' },
  key: 'g.id',
  item: grantOf,
};

/** What is there already is found again: the update changes nothing, and gives its id. */
const ADD = `
  insert into access_grant as g (user_id, role_name, group_name, action, object, pattern, created_at, created_by)
  values ($1, $2, $3, $4, $5, $6, $7::timestamptz, $8)
  on conflict (user_id, role_name, group_name, action, object, pattern) do update set pattern = g.pattern
  returning g.id`;

const FOREIGN_KEY_VIOLATION = '23503';

export function grantStore(database: Database): Pick<AccessStore, 'addGrant' | 'grants' | 'removeGrant'> {
  const work = () => database.lane('work');
  return {
    async addGrant({ subject, action, object, pattern, createdAt, createdBy }) {
      const to = [
        subject.kind === 'user' ? subject.userId : null,
        subject.kind === 'role' ? subject.name : null,
        subject.kind === 'group' ? subject.name : null,
      ];
      try {
        const { rows } = await work().query<{ id: string }>(ADD, [...to, action, object, pattern, timestamp(createdAt), createdBy ?? null]);
        return (await one(work(), GRANTS, new Conditions().add('g.id = ?', rows[0]?.id))) as GrantRecord;
      } catch (error) {
        if (sqlStateOf(error) === FOREIGN_KEY_VIOLATION && subject.kind === 'user') throw new UserNotFoundError(subject.userId);
        throw error;
      }
    },
    grants: ({ userId, object }, page) =>
      list(database.lane('reads'), GRANTS, new Conditions().add('g.user_id = ?', userId).add('g.object = ?', object), page),
    async removeGrant(grantId) {
      const { rowCount } = await work().query('delete from access_grant where id = $1', [grantId]);
      return rowCount === 1;
    },
  };
}

function grantOf(row: Row): GrantRecord {
  return {
    grantId: row.id,
    subject: subjectOf(row),
    action: row.action,
    object: row.object,
    pattern: row.pattern,
    createdAt: row.created_at,
    ...present({ userName: row.user_name, createdBy: row.created_by }),
  };
}

function subjectOf({ user_id, role_name, group_name }: Row): GrantSubject {
  if (user_id !== null) return { kind: 'user', userId: user_id };
  if (role_name !== null) return { kind: 'role', name: role_name };
  return { kind: 'group', name: group_name ?? '' };
}
