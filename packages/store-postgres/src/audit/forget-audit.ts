/** Removing the oldest entries of the audit log: told of in the log itself, and leaving an anchor from which the rest can be checked. */
import { auditText, FORGET_AUDIT, type RetentionResult, type RetentionStep } from '@headrace/ports';
import type pg from 'pg';
import { transaction } from '../transaction.ts';

/** A step writes an entry of its own: it must be worth it. */
const ENTRIES_OF_A_ROW = 25;

/** The last of as many as a step may take, while they are old. The newest stays. */
const LAST_OLD = `
  select id, hash, taken from (
    select id, hash, at_ms, row_number() over (order by id) as taken from audit_event
    where id < (select head_id from audit_chain) order by id limit $2
  ) a
  where at_ms < $1::bigint order by id desc limit 1`;

export async function forgetAudit(pool: pg.Pool, { before, limit, dryRun = false }: RetentionStep): Promise<RetentionResult> {
  const most = limit * ENTRIES_OF_A_ROW;
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ id: string; hash: string; taken: string }>(LAST_OLD, [before, most]);
    const [last] = rows;
    if (last === undefined) return { removed: { audit: 0 } };
    if (dryRun) return { removed: { audit: Number(last.taken) } };
    const { rows: clock } = await client.query<{ now: string }>('select (extract(epoch from now()) * 1000)::bigint as now');
    const entry = auditText({
      at: Number(clock[0]?.now),
      actor_kind: 'housekeeping',
      action: FORGET_AUDIT,
      object: 'audit',
      outcome: 'allowed',
      parameters: { through: last.id, hash: last.hash },
    });
    await client.query('select audit_append(array[$1])', [entry]);
    const gone = await client.query<{ gone: string }>('select audit_forget($1) as gone', [last.id]);
    const removed = Number(gone.rows[0]?.gone ?? 0);
    return { removed: { audit: removed }, ...(removed < most ? {} : { next: last.id }) };
  });
}
