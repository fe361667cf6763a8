/**
 * One entry of the audit log for every command: whatever takes more than reading, signing in, and what anyone may do with a secret
 * address.
 *
 * AR1. The entry is durable before the answer is sent. Where it cannot be written, the answer is that of a database that is away: what
 *      was asked may have been done, and whoever asked learns that they do not know.
 * AR2. Refusals of strangers are counted, too, but not without bounds: nobody fills the database by knocking.
 */
import type { AuditStore, Log } from '@headrace/ports';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from './access.ts';
import { auditEntryOf } from './audit-entries.ts';

/** Entries about strangers in a minute, in one process; those beyond are counted in the next. */
const STRANGERS_PER_MINUTE = 120;
const MINUTE_MS = 60_000;

/** GET routes by which somebody comes in. */
const COMES_IN: ReadonlySet<string> = new Set(['/auth/oidc/callback']);

export interface AuditOptions {
  readonly audit: Pick<AuditStore, 'append'>;
  readonly now: () => number;
  readonly log: Log;
}

/** Must be called before the first route is added. */
export function auditRequests(app: FastifyInstance, { audit, now, log }: AuditOptions): void {
  const told = new WeakSet<FastifyRequest>();
  const strangers = { since: Number.NEGATIVE_INFINITY, count: 0, omitted: 0 };
  app.decorateRequest('signedIn', null);
  app.decorateRequest('problem', null);
  app.addHook('onSend', (request, reply, payload, done) => {
    const access = request.is404 ? undefined : request.routeOptions.config.access;
    if (access === undefined || told.has(request) || !isCommand(request, access)) return done(null, payload);
    told.add(request);
    tell(request, reply, access).then(() => done(null, payload), done);
  });

  async function tell(request: FastifyRequest, reply: FastifyReply, access: Access): Promise<void> {
    const at = now();
    const entry = auditEntryOf(request, reply, access, at);
    if (entry.actor_kind !== 'nobody') return append(entry);
    if (at - strangers.since >= MINUTE_MS) Object.assign(strangers, { since: at, count: 0 });
    if (strangers.count++ >= STRANGERS_PER_MINUTE) {
      strangers.omitted++;
      return;
    }
    const { omitted } = strangers;
    strangers.omitted = 0;
    await append(omitted === 0 ? entry : { ...entry, parameters: { ...entry.parameters, omitted_before: omitted } });
  }

  async function append(entry: ReturnType<typeof auditEntryOf>): Promise<void> {
    try {
      await audit.append(entry);
    } catch (error) {
      // What could not be written where it belongs is at least here.
      log.error({ err: error, entry }, 'an entry of the audit log could not be written');
      // What was refused or has failed is told in any case: nothing was done that somebody could take for done.
      if (entry.outcome === 'allowed') throw error;
    }
  }
}

function isCommand({ method, routeOptions }: FastifyRequest, access: Access): boolean {
  if (method === 'HEAD' || method === 'OPTIONS') return false;
  const changes = method !== 'GET';
  if (typeof access === 'string') return changes || COMES_IN.has(routeOptions.url ?? '');
  // Favourites and the like are the caller's own business; searches that are sent by POST read.
  return access.action !== 'read';
}
