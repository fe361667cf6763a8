/** The one-time link by which the first administrator comes in. */
import type { AccessStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { timestamp } from '../timestamp.ts';
import { transaction } from '../transaction.ts';
import { createUser } from './users.ts';

type FirstLink = Pick<AccessStore, 'saveFirstLink' | 'hasFirstLink' | 'createFirstUser'>;

export function firstLinkStore(database: Database): FirstLink {
  const work = () => database.lane('work');
  return {
    saveFirstLink: (tokenHash, expiresAt) =>
      transaction(work(), async (client) => {
        await client.query('lock table access_first_link in share row exclusive mode');
        await client.query('delete from access_first_link');
        await client.query('insert into access_first_link (token_hash, expires_at) values ($1, $2::timestamptz)', [
          tokenHash,
          timestamp(expiresAt),
        ]);
      }),

    async hasFirstLink(tokenHash, now) {
      const valid =
        'select from access_first_link where token_hash = $1 and expires_at > $2::timestamptz and not exists (select from access_user)';
      return (await work().query(valid, [tokenHash, timestamp(now)])).rows.length > 0;
    },

    createFirstUser: (tokenHash, user, now) =>
      transaction(work(), async (client) => {
        // Whoever makes another first user meanwhile is waited for.
        await client.query('lock table access_first_link in share row exclusive mode');
        const used = 'delete from access_first_link where token_hash = $1 and expires_at > $2::timestamptz';
        const { rowCount } = await client.query(used, [tokenHash, timestamp(now)]);
        if (rowCount !== 1) return undefined;
        const { rows } = await client.query('select from access_user limit 1');
        return rows.length > 0 ? undefined : createUser(client, user, now);
      }),
  };
}
