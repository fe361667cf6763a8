/** Idempotency keys, in memory. */
import { randomUUID } from 'node:crypto';
import type { Instant } from '@headrace/core';
import type { IdempotencyStore, IdempotentRequest, KeptAnswer } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';

interface Row {
  readonly place: string;
  readonly requestHash: string;
  readonly claim: string;
  readonly leaseUntil: Instant;
  readonly expiresAt: Instant;
  readonly answer?: KeptAnswer;
}

const placeOf = ({ scope, key }: IdempotentRequest): string => JSON.stringify([scope, key]);

export function createIdempotencyStore(db: MemoryDatabase): IdempotencyStore {
  const table = db.table<Row>('idempotency_key');
  /** The row, while the claim holds. */
  const mine = (request: IdempotentRequest, claim: string): Row | undefined => {
    const row = table.get(placeOf(request));
    return row?.claim === claim && row.answer === undefined ? row : undefined;
  };
  return {
    begin: async (request, { now, leaseUntil, expiresAt }) =>
      db.transaction(() => {
        const row = table.get(placeOf(request));
        const isSame = row?.requestHash === request.requestHash;
        const isFree = row === undefined || row.expiresAt <= now || (row.answer === undefined && row.leaseUntil <= now && isSame);
        if (isFree) {
          const claim = randomUUID();
          const place = placeOf(request);
          table.put(place, { place, requestHash: request.requestHash, claim, leaseUntil, expiresAt });
          return { kind: 'new', claim } as const;
        }
        if (!isSame) return { kind: 'other-request' } as const;
        return row.answer === undefined ? ({ kind: 'running' } as const) : ({ kind: 'answered', answer: row.answer } as const);
      }),
    answer: async (request, claim, answer) =>
      db.transaction(() => {
        const row = mine(request, claim);
        if (row !== undefined) table.put(placeOf(request), { ...row, answer });
      }),
    release: async (request, claim) =>
      db.transaction(() => {
        if (mine(request, claim) !== undefined) table.delete(placeOf(request));
      }),
    sweep: async (now, limit) =>
      db.transaction(() => {
        const expired = [...table.rows()].filter(({ expiresAt }) => expiresAt <= now).slice(0, limit);
        for (const { place } of expired) table.delete(place);
        return expired.length;
      }),
  };
}
