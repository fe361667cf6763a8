import { retentionStoreConformance } from '@headrace/ports/conformance/retention-store';
import * as jest from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';

retentionStoreConformance(jest, {
  name: 'Postgres',
  async open() {
    const { store, sql, drop } = await testDatabase();
    const resizePool = async (slots: number) => void (await sql.query('update pool set slots = $1', [slots]));
    return { ...store, resizePool, close: drop };
  },
});
