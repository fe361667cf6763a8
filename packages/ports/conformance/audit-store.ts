/** What every AuditStore must do, and what the check of its chain must find. */
import { type AuditEntry, type AuditFilter, type AuditRecord, type AuditStore, ChainCheck, type RetentionStore } from '@headrace/ports';

type TestFunctions = Pick<typeof import('@jest/globals'), 'describe' | 'test' | 'expect' | 'beforeAll' | 'afterAll'>;

export interface AuditStoreHarness {
  /** Two of them, as of two processes, on one log that was empty. */
  readonly audit: AuditStore;
  readonly other: AuditStore;
  readonly retention: RetentionStore;
  close(): Promise<void>;
}

const T0 = Date.UTC(2026, 4, 1);
const DAY = 86_400_000;
const ALL = { limit: 100, offset: 0 };

const entry = (at: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  at,
  actor_kind: 'user',
  actor: 'ada',
  action: 'trigger_dag_run',
  outcome: 'allowed',
  ...more,
});

/** All entries after an id. */
export async function allEntries(store: AuditStore, from = '0'): Promise<readonly AuditRecord[]> {
  const found: AuditRecord[] = [];
  for (let page = await store.after(from, {}, 7); page.length > 0; page = await store.after(found.at(-1)?.id ?? '0', {}, 7))
    found.push(...page);
  return found;
}

/** The verdict on what the store holds. */
export async function verdictOn(store: AuditStore, known?: { readonly id: string; readonly hash: string }) {
  const chain = await store.chain();
  const check = new ChainCheck({ id: chain.anchorId, hash: chain.anchorHash }, known);
  for (const record of await allEntries(store, chain.anchorId)) check.push(record);
  return check.end(chain);
}

export function auditStoreConformance(
  jest: TestFunctions,
  { name, open }: { readonly name: string; readonly open: () => Promise<AuditStoreHarness> },
): void {
  const { describe, test, expect, beforeAll, afterAll } = jest;

  describe(`${name} keeps who did what`, () => {
    let harness: AuditStoreHarness;
    beforeAll(async () => {
      harness = await open();
    }, 60_000);
    afterAll(() => harness?.close());

    test('an empty log is a whole one', async () => {
      expect(await verdictOn(harness.audit)).toMatchObject({ ok: true, entries: 0 });
      expect(await harness.audit.entry('1')).toBeUndefined();
    });

    test('entries of several processes at once make one chain, in which each stands once, as it was given', async () => {
      const given = Array.from({ length: 60 }, (_, n) =>
        entry(T0 + n, {
          parameters: { n, text: 'Ünï "quoted" \\ \n \u2028 😀', list: [1, null, { b: 1, a: 2 }] },
          ...(n % 2 === 0 ? { dag_id: `dag_${n % 4}`, run_id: 'r', task_id: 't', map_index: n } : {}),
        }),
      );
      await Promise.all(given.map((one, n) => (n % 3 === 0 ? harness.other : harness.audit).append(one)));
      const found = await allEntries(harness.audit);
      expect(found.map(({ id }) => id)).toEqual(given.map((_, n) => String(n + 1)));
      expect([...found].sort((a, b) => a.entry.at - b.entry.at).map((one) => one.entry)).toEqual(given);
      expect(await verdictOn(harness.audit)).toMatchObject({ ok: true, entries: 60, head: { id: '60' } });
      expect(await harness.audit.entry('60')).toEqual(found.at(-1));
    });

    test('texts that no database can hold are written as what can', async () => {
      await harness.audit.append(entry(T0 + 100, { object_id: 'a\0b\ud800c', action: 'odd' }));
      const { items } = await harness.audit.entries({ actions: ['odd'] }, ALL);
      expect(items.map((one) => one.entry.object_id)).toEqual(['a\ufffdb\ufffdc']);
      expect(await verdictOn(harness.audit)).toMatchObject({ ok: true });
    });

    test('lists: each filter, and both directions', async () => {
      await harness.audit.append(
        entry(T0 + DAY, { actor: 'bob', action: 'delete_pool', object: 'pool', object_id: 'p', outcome: 'refused' }),
      );
      const idsOf = async (filter: Parameters<AuditStore['entries']>[0]) => {
        const { items, total } = await harness.audit.entries(filter, ALL);
        expect(total).toBe(items.length);
        return items.map(({ id }) => Number(id));
      };
      for (const filter of [
        { actor: 'bob' },
        { actorPattern: 'BO' },
        { actions: ['delete_pool'] },
        { notActions: ['trigger_dag_run', 'odd'] },
        { actionPattern: 'pool' },
        { outcomes: ['refused' as const] },
        { object: 'pool' },
        { objectId: 'p' },
        { from: T0 + DAY },
      ])
        expect({ filter, ids: await idsOf(filter) }).toEqual({ filter, ids: [62] });
      expect((await idsOf({ dagId: 'dag_2' })).length).toBe(15);
      expect((await idsOf({ dagPattern: 'dag_%', runId: 'r', runPattern: 'r', taskId: 't', taskPattern: 't' })).length).toBe(30);
      expect((await idsOf({ mapIndex: 4 })).length).toBe(1);
      expect((await idsOf({ until: T0 + 10 })).length).toBe(10);
      // Of visible DAGs; what is about none is not among them, whatever may be seen.
      const ofDags = async (visible: NonNullable<AuditFilter['ofDags']>) => (await idsOf({ ofDags: visible })).length;
      expect([await ofDags([]), await ofDags([['dag_0']]), await ofDags([['dag_*'], ['*_2']]), await ofDags([[]])]).toEqual([
        30, 15, 15, 0,
      ]);
      const last = await harness.audit.entries({}, { limit: 2, offset: 0, orderBy: ['-when'] });
      expect([last.total, last.items.map(({ id }) => id)]).toEqual([62, ['62', '61']]);
      const after = await harness.audit.after('60', { outcomes: ['allowed'] }, 10);
      expect(after.map(({ id }) => id)).toEqual(['61']);
    });

    test('what is old goes, the log tells of it, and the rest can still be checked', async () => {
      const before = T0 + DAY;
      const step = { before, limit: 1 };
      expect(await harness.retention.remove('audit', { ...step, limit: 100, dryRun: true })).toMatchObject({ removed: { audit: 61 } });
      expect((await allEntries(harness.audit)).length).toBe(62);
      let removed = 0;
      for (let next: string | undefined = 'first'; next !== undefined; ) {
        const done: Awaited<ReturnType<RetentionStore['remove']>> = await harness.retention.remove('audit', step);
        removed += done.removed.audit ?? 0;
        next = done.next;
      }
      expect(removed).toBe(61);
      const left = await allEntries(harness.audit);
      expect(left[0]?.id).toBe('62');
      expect(left.slice(1).every((one) => one.entry.action === 'forget_audit')).toBe(true);
      const verdict = await verdictOn(harness.audit);
      expect(verdict).toMatchObject({ ok: true });
      if (verdict.ok) expect(await verdictOn(harness.audit, verdict.head)).toMatchObject({ ok: true });
      expect(await verdictOn(harness.audit, { id: '62', hash: 'f'.repeat(64) })).toMatchObject({ ok: false, id: '62' });
      // The newest stays, however old.
      await harness.retention.remove('audit', { before: Date.now() + DAY, limit: 100 });
      expect(await verdictOn(harness.audit)).toMatchObject({ ok: true });
    });
  });
}
