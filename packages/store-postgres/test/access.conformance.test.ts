import { accessStoreConformance } from '@headrace/ports/conformance/access-store';
import * as jest from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';

accessStoreConformance(jest, {
  name: 'Postgres',
  async open() {
    const database = await testDatabase();
    return {
      access: database.store.access,
      empty: async () => {
        await database.sql.query('delete from access_grant');
        await database.sql.query('delete from access_user');
        await database.sql.query('delete from access_try');
        await database.sql.query('delete from access_first_link');
      },
      close: () => database.drop(),
    };
  },
});
