/** Commands that change the database itself, with no API in between: they stand in the audit log like all others. */
import { operatorHere } from '@headrace/access';
import { type AuditEntry, type AuditStore, silentLog } from '@headrace/ports';

type About = Pick<AuditEntry, 'action' | 'object' | 'object_id' | 'parameters'>;

/** Does the work and writes down how it ended, before anybody is told. The actor is whom the operating system says. */
export async function audited<Answer>(audit: Pick<AuditStore, 'append'>, about: About, work: () => Promise<Answer>): Promise<Answer> {
  const entry = { ...about, actor_kind: 'command', actor: operatorHere() } as const;
  try {
    const answer = await work();
    await audit.append({ ...entry, at: Date.now(), outcome: 'allowed' });
    return answer;
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
    const problem = code === undefined ? {} : { problem: code };
    // What went wrong is what whoever asked must see.
    await audit.append({ ...entry, at: Date.now(), outcome: 'failed', ...problem }).catch(() => {});
    throw error;
  }
}

/** What was done already, to a database whose schema is up to date. */
export async function tellAudit(databaseUrl: string, abouts: readonly About[]): Promise<void> {
  const { createStore } = await import('@headrace/store-postgres');
  const store = createStore({ url: databaseUrl, log: silentLog, poolSize: 1, applicationName: 'headrace audit' });
  try {
    for (const about of abouts)
      await store.audit.append({ ...about, actor_kind: 'command', actor: operatorHere(), at: Date.now(), outcome: 'allowed' });
  } finally {
    await store.close();
  }
}

/** Of migrations: none leave no entry, so that a start of what is up to date says nothing. */
export function migrated(applied: readonly string[]): readonly About[] {
  // Names of files; a list in an entry is not long.
  const parameters = { migrations: applied.length, last: applied.at(-1) ?? null };
  return applied.length === 0 ? [] : [{ action: 'db_migrate', object: 'system', parameters }];
}
