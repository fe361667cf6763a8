/** Who did what: as Airflow's event log, as ours, as an export of any length, and whether it is whole. */
import { Readable } from 'node:stream';
import {
  AuditCollection,
  type AuditEvent,
  AuditListQuery,
  AuditVerification,
  AuditVerifyQuery,
  EventLog,
  EventLogCollection,
  EventLogListQuery,
} from '@headrace/api-contract';
import { type AuditFilter, type AuditRecord, type AuditStore, type AuditVerdict, ChainCheck, type Place } from '@headrace/ports';
import { dateTime, toInstant } from '../answers/date-times.ts';
import { ApiProblem } from '../http/api-problem.ts';
import { keepScope } from '../http/request-scope.ts';
import { answers, path, permit } from '../http/route-schema.ts';
import type { Routes } from './context.ts';
import { listFacts, pageOf } from './page.ts';

const AT_ONCE = 1_000;
const NDJSON = 'application/x-ndjson';

export const eventLogRoutes: Routes = async (app, { deps: { audit } }) => {
  app.get(
    '/eventLogs',
    {
      ...permit('read', 'history'),
      schema: {
        operationId: 'get_event_logs',
        tags: ['Event Log'],
        querystring: EventLogListQuery,
        response: answers(EventLogCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      const { items, total } = await audit.entries(eventFilter(query), pageOf(query));
      return { event_logs: items.map(presentEvent), total_entries: total };
    },
  );

  app.get(
    '/eventLogs/:event_log_id',
    {
      ...permit('read', 'history'),
      schema: {
        operationId: 'get_event_log',
        tags: ['Event Log'],
        params: path('event_log_id'),
        response: answers(EventLog, 'HR_EVENT_LOG_NOT_FOUND'),
      },
    },
    async ({ params }) => {
      const found = await audit.entry(String(params.event_log_id));
      if (found === undefined) throw new ApiProblem('HR_EVENT_LOG_NOT_FOUND', `There is no entry ${params.event_log_id}`);
      return presentEvent(found);
    },
  );
};

export const auditRoutes: Routes = async (app, { deps: { audit } }) => {
  app.get(
    '/audit',
    {
      ...permit('read', 'history'),
      schema: {
        operationId: 'get_audit',
        tags: ['Audit'],
        description: `Newest first. As \`${NDJSON}\`: all entries, oldest first, one a line, as they were hashed, for those who may read all of them; no page and no order is looked at.`,
        querystring: AuditListQuery,
        forms: ['application/json', NDJSON],
        response: answers(AuditCollection, 'HR_UNKNOWN_ORDER', 'HR_INVALID_CURSOR'),
      },
    },
    async ({ query, headers }, reply) => {
      const filter = auditFilter(query);
      if (headers.accept?.includes(NDJSON) === true) {
        // Refused before the answer has begun.
        await audit.chain();
        return reply
          .type(NDJSON)
          .serializer(String)
          .send(Readable.from(linesOf(keepScope(audit.after), filter)) as never);
      }
      const listed = await audit.entries(filter, pageOf(query));
      return { audit: listed.items.map(present), ...listFacts(listed) };
    },
  );

  app.get(
    '/audit/verify',
    {
      ...permit('read', 'audit'),
      schema: {
        operationId: 'verify_audit',
        tags: ['Audit'],
        description: 'Reads all of it: whether an entry was changed, removed, inserted or moved.',
        querystring: AuditVerifyQuery,
        response: answers(AuditVerification),
      },
    },
    async ({ query: { known } }) => {
      const [id, hash] = known?.split(':') ?? [];
      const verdict = await verifyAudit(audit, id === undefined || hash === undefined ? undefined : { id, hash });
      return {
        ok: verdict.ok,
        entries: verdict.entries,
        head: verdict.ok ? `${verdict.head.id}:${verdict.head.hash}` : null,
        wrong: verdict.ok ? null : verdict.wrong,
      };
    },
  );
};

/** Of the log as it is when it is asked for; what is appended meanwhile is not looked at. */
async function verifyAudit(store: AuditStore, known?: Place): Promise<AuditVerdict> {
  for (;;) {
    const chain = await store.chain();
    const check = new ChainCheck({ id: chain.anchorId, hash: chain.anchorHash }, known);
    const last = BigInt(chain.headId);
    for (let after = chain.anchorId; BigInt(after) < last; ) {
      const records = await store.after(after, {}, AT_ONCE);
      for (const record of records) if (BigInt(record.id) <= last) check.push(record);
      const end = records.at(-1)?.id;
      if (end === undefined) break;
      after = end;
    }
    const verdict = check.end(chain);
    // What went meanwhile is no gap.
    if (verdict.ok || (await store.chain()).anchorId === chain.anchorId) return verdict;
  }
}

async function* linesOf(entriesAfter: AuditStore['after'], filter: AuditFilter): AsyncGenerator<string> {
  for (let after = '0'; ; ) {
    const records = await entriesAfter(after, filter, AT_ONCE);
    const last = records.at(-1);
    if (last === undefined) return;
    yield records.map(({ id, hash, text }) => `{"id":${id},"hash":"${hash}","entry":${text}}\n`).join('');
    after = last.id;
  }
}

function eventFilter(query: EventLogListQuery): AuditFilter {
  const events = query.event === undefined ? query.included_events : [query.event];
  return {
    ...given({
      dagId: query.dag_id,
      taskId: query.task_id,
      runId: query.run_id,
      mapIndex: query.map_index,
      actor: query.owner,
      // No entry is of one try.
      actions: query.try_number === undefined ? events : [],
      notActions: query.excluded_events,
      until: toInstant(query.before),
      from: toInstant(query.after),
      dagPattern: query.dag_id_pattern,
      taskPattern: query.task_id_pattern,
      runPattern: query.run_id_pattern,
      actorPattern: query.owner_pattern,
      actionPattern: query.event_pattern,
    }),
  };
}

function auditFilter(query: AuditListQuery): AuditFilter {
  return given({
    actor: query.actor,
    actions: query.action,
    outcomes: query.outcome,
    object: query.object,
    objectId: query.object_id,
    dagId: query.dag_id,
    runId: query.run_id,
    taskId: query.task_id,
    from: toInstant(query.from),
    until: toInstant(query.until),
  });
}

function given(filter: { readonly [Field in keyof AuditFilter]: AuditFilter[Field] | undefined }): AuditFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function presentEvent({ id, entry, text }: AuditRecord): EventLog {
  const logicalDate = entry.parameters?.logical_date;
  const instant = typeof logicalDate === 'string' ? Date.parse(logicalDate) : Number.NaN;
  return {
    event_log_id: Number(id),
    when: dateTime(entry.at),
    dag_id: entry.dag_id ?? null,
    task_id: entry.task_id ?? null,
    run_id: entry.run_id ?? null,
    map_index: entry.map_index ?? null,
    try_number: null,
    event: entry.action,
    logical_date: Number.isNaN(instant) ? null : dateTime(instant),
    owner: entry.actor ?? null,
    extra: text,
    dag_display_name: entry.dag_id ?? null,
    task_display_name: entry.task_id ?? null,
  };
}

function present({ id, hash, entry }: AuditRecord): AuditEvent {
  return {
    id: Number(id),
    at: dateTime(entry.at),
    actor_kind: entry.actor_kind,
    actor: entry.actor ?? null,
    key_id: entry.key_id ?? null,
    address: entry.address ?? null,
    action: entry.action,
    object: entry.object ?? null,
    object_id: entry.object_id ?? null,
    dag_id: entry.dag_id ?? null,
    run_id: entry.run_id ?? null,
    task_id: entry.task_id ?? null,
    map_index: entry.map_index ?? null,
    request_id: entry.request_id ?? null,
    outcome: entry.outcome,
    status: entry.status ?? null,
    problem: entry.problem ?? null,
    parameters: { ...entry.parameters },
    hash,
  };
}
