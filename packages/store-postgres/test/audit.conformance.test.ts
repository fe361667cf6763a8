/** The audit log and idempotency keys on Postgres; and that nothing but housekeeping takes an entry away. */

import { ChainCheck, silentLog } from '@headrace/ports';
import { allEntries, auditStoreConformance, verdictOn } from '@headrace/ports/conformance/audit-store';
import { idempotencyStoreConformance } from '@headrace/ports/conformance/idempotency-store';
import * as jest from '@jest/globals';
import { type TestDatabase, testDatabase } from '../../../tests/support/test-database.ts';
import { createStore } from '../src/index.ts';

const { afterAll, beforeAll, describe, expect, test } = jest;

auditStoreConformance(jest, {
  name: 'Postgres',
  async open() {
    const database = await testDatabase();
    const other = createStore({ url: database.url, log: silentLog });
    return {
      audit: database.store.audit,
      other: other.audit,
      retention: database.store.retention,
      close: async () => {
        await other.close();
        await database.drop();
      },
    };
  },
});

idempotencyStoreConformance(jest, {
  name: 'Postgres',
  async open() {
    const database = await testDatabase();
    return { idempotency: database.store.idempotency, close: () => database.drop() };
  },
});

describe('the audit log in the database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
    for (let n = 0; n < 20; n++)
      await database.store.audit.append({
        at: n,
        actor_kind: 'user',
        actor: 'ada',
        action: `a${n}`,
        outcome: 'allowed',
        parameters: { n },
      });
  }, 60_000);
  afterAll(() => database?.drop());

  test.each([
    "update audit_event set entry = replace(entry, 'ada', 'eve') where id = 3",
    'update audit_event set hash = hash',
    'delete from audit_event where id = 3',
    'delete from audit_event',
    'truncate audit_event',
  ])('refuses: %s', async (statement) => {
    await expect(database.sql.query(statement)).rejects.toMatchObject({ code: '42501' });
    expect((await verdictOn(database.store.audit)).ok).toBe(true);
  });

  test('whoever has the rights of its owner and takes the triggers away is found out', async () => {
    const attacks: readonly (readonly [string, string])[] = [
      ["update audit_event set entry = replace(entry, 'ada', 'eve') where id = 7", '7'],
      ['delete from audit_event where id = 7', '8'],
      ['delete from audit_event where id > 15', '20'],
      [
        'update audit_event set id = case id when 4 then -5 else -4 end where id in (4, 5); update audit_event set id = -id where id < 0',
        '4',
      ],
      [
        `update audit_chain set anchor_id = 9, anchor_hash = (select hash from audit_event where id = 9);
         delete from audit_event where id <= 9`,
        '9',
      ],
    ];
    for (const [attack, id] of attacks) {
      const client = await database.sql.connect();
      try {
        await client.query(`begin; alter table audit_event disable trigger user; ${attack}`);
        const { rows: chains } = await client.query('select * from audit_chain');
        const { rows } = await client.query('select id, hash, entry as text from audit_event order by id');
        const check = new ChainCheck({ id: chains[0].anchor_id, hash: chains[0].anchor_hash });
        for (const row of rows) check.push(row);
        const verdict = check.end({ headId: chains[0].head_id, headHash: chains[0].head_hash });
        expect({ attack, verdict }).toMatchObject({ attack, verdict: { ok: false, id } });
      } finally {
        await client.query('rollback');
        client.release();
      }
    }
    expect((await allEntries(database.store.audit)).length).toBe(20);
  });
});
