import { targetConformance } from '@headrace/dataplane/conformance/target';
import * as jest from '@jest/globals';
import { openPostgres } from './support/postgres-harness.ts';

targetConformance(jest, {
  name: 'A PostgreSQL database',
  dispositions: ['append', 'replace', 'replace-partition', 'merge', 'scd2'],
  sequences: Number(process.env.HEADRACE_TARGET_SEQUENCES ?? 8),
  open: openPostgres,
});
