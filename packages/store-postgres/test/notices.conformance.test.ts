import { noticeStoreConformance } from '@headrace/ports/conformance/notice-store';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';
import { saveNotices } from '../src/notices/save-notices.ts';

noticeStoreConformance(
  { describe, test, expect, beforeAll, afterAll },
  {
    name: 'Postgres',
    async open() {
      const database = await testDatabase();
      return {
        async empty() {
          await database.sql.query('truncate notice');
          return database.store.notices;
        },
        async save(notices) {
          const client = await database.sql.connect();
          try {
            await saveNotices(client, notices);
          } finally {
            client.release();
          }
        },
        async pass(ms) {
          await database.sql.query(
            `update notice set next_at = next_at - $1::bigint * interval '1 ms', delivered_at = delivered_at - $1::bigint * interval '1 ms'`,
            [ms],
          );
        },
        close: () => database.drop(),
      };
    },
  },
);
