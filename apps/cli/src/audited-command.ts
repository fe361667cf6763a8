/** Commands that change the database itself, with no API in between: they stand in the audit log like all others. */
import { hostname, userInfo } from 'node:os';
import type { AuditEntry, AuditStore } from '@headrace/ports';

type About = Pick<AuditEntry, 'action' | 'object' | 'object_id' | 'parameters'>;

/** Does the work and writes down how it ended, before anybody is told. The actor is whom the operating system says. */
export async function audited<Answer>(audit: Pick<AuditStore, 'append'>, about: About, work: () => Promise<Answer>): Promise<Answer> {
  const entry = { ...about, actor_kind: 'command', actor: actor() } as const;
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

function actor(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A user id without a name, as in many containers.
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`;
  }
}
