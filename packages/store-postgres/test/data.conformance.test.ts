import { connectionStoreConformance } from '@headrace/ports/conformance/connection-store';
import { dataReportStoreConformance } from '@headrace/ports/conformance/data-report-store';
import { lineageStoreConformance } from '@headrace/ports/conformance/lineage-store';
import { progressStoreConformance } from '@headrace/ports/conformance/progress-store';
import { variableStoreConformance } from '@headrace/ports/conformance/variable-store';
import * as jest from '@jest/globals';
import { testDatabase } from '../../../tests/support/test-database.ts';

async function open() {
  const { store, sql, drop } = await testDatabase();
  const resizePool = async (slots: number) => void (await sql.query('update pool set slots = $1', [slots]));
  return { ...store, resizePool, close: drop };
}

connectionStoreConformance(jest, { name: 'Postgres', open });
progressStoreConformance(jest, { name: 'Postgres', open });
dataReportStoreConformance(jest, { name: 'Postgres', open });
lineageStoreConformance(jest, { name: 'Postgres', open });
variableStoreConformance(jest, { name: 'Postgres', open });
