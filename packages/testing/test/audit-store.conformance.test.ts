import { auditStoreConformance } from '@headrace/ports/conformance/audit-store';
import { idempotencyStoreConformance } from '@headrace/ports/conformance/idempotency-store';
import * as jest from '@jest/globals';
import { createMemoryStore } from '../src/index.ts';

auditStoreConformance(jest, {
  name: 'Memory',
  async open() {
    const { audit, retention } = createMemoryStore({ now: () => 0 });
    return { audit, other: audit, retention, close: async () => {} };
  },
});

idempotencyStoreConformance(jest, {
  name: 'Memory',
  async open() {
    const { idempotency } = createMemoryStore({ now: () => 0 });
    return { idempotency, close: async () => {} };
  },
});
