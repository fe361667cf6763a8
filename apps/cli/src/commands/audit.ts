/** `headrace audit`: who did what, as a list and as an export, and whether the log is whole. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AuditCollection, AuditVerification } from '@headrace/api-contract';
import { ApiError } from '@headrace/client';
import { auditText, ChainCheck } from '@headrace/ports';
import type { Command } from 'commander';
import { findServer, openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import type { Terminal } from '../terminal.ts';

interface FilterOptions {
  readonly actor?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly dag?: string;
  readonly from?: string;
  readonly until?: string;
}

const AUDIT = '/headrace/v1/audit';

class AuditBrokenError extends Error {
  readonly code = 'HR_AUDIT_BROKEN';
  constructor(wrong: string) {
    super(`The audit log is not whole. ${wrong}`);
    this.name = 'AuditBrokenError';
  }
}

export function addAuditCommands(program: Command, terminal: Terminal): void {
  const audit = program.command('audit').description('see who did what, and check that the log of it is whole');

  filtered(audit.command('list').description('entries, the newest first'))
    .option('--limit <number>', 'at most so many', '50')
    .action(async (options: FilterOptions & { limit: string }, command: Command) => list(await openSession(command, terminal), options));

  filtered(audit.command('export').description('all entries as JSON lines, the oldest first, as they were hashed')).action(
    async (options: FilterOptions, command: Command) => exportAll(command, terminal, options),
  );

  audit
    .command('verify')
    .description('whether an entry was changed, removed, inserted or moved')
    .option('--known <id:hash>', 'an entry that was noted elsewhere: it must still be there')
    .option('--file <path>', 'check an export instead: one of all entries')
    .action(async ({ known, file }: { known?: string; file?: string }, command: Command) => {
      const verdict = file === undefined ? await verify(await openSession(command, terminal), known) : await verifyFile(file, known);
      if (!verdict.ok) throw new AuditBrokenError(verdict.wrong ?? '');
      show({ output: outputOf(command), terminal }, verdict, () => `${verdict.entries} entries, and all fit. The last: ${verdict.head}\n`);
    });
}

function filtered(command: Command): Command {
  return command
    .option('--actor <name>', 'only of this user')
    .option('--action <operation>', 'only these, such as trigger_dag_run')
    .option('--outcome <outcome>', 'allowed, refused or failed')
    .option('--dag <dag>', 'only about this DAG')
    .option('--from <time>', 'not before this instant')
    .option('--until <time>', 'before this instant');
}

function queryOf({ actor, action, outcome, dag, from, until }: FilterOptions): Record<string, string> {
  const query = { actor, action, outcome, dag_id: dag, from: instantOf(from), until: instantOf(until) };
  return Object.fromEntries(Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function instantOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw new UsageError(`"${text}" must be a date or an instant, such as 2026-01-31 or 2026-01-31T12:00:00Z`);
  return new Date(instant).toISOString();
}

async function list(session: Session, { limit, ...options }: FilterOptions & { limit: string }): Promise<void> {
  const answer = await session.client.request<AuditCollection>(AUDIT, { query: { ...queryOf(options), limit } });
  show(session, answer, () => {
    if (answer.audit.length === 0) return 'There are no such entries\n';
    const rows = answer.audit.map((one) => [
      one.id,
      formatInstant(one.at),
      one.actor ?? one.actor_kind,
      one.address,
      one.action,
      one.object_id,
      one.outcome,
      one.problem,
    ]);
    return formatTable(['id', 'at', 'who', 'from', 'action', 'of', 'outcome', 'problem'], rows);
  });
}

/** Line by line: it may be long. */
async function exportAll(command: Command, terminal: Terminal, options: FilterOptions): Promise<void> {
  const { url, token } = await findServer(command.optsWithGlobals(), terminal);
  const address = `${url.replace(/\/+$/, '')}${AUDIT}?${new URLSearchParams(queryOf(options))}`;
  const headers = { accept: 'application/x-ndjson', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(address, { headers });
  if (!response.ok || response.body === null) throw ApiError.of(response.status, await response.text(), `GET ${address}`);
  await pipeline(Readable.fromWeb(response.body as never), async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) terminal.stdout.write(piece.toString('utf8'));
  });
}

function verify({ client }: Session, known: string | undefined): Promise<AuditVerification> {
  return client.request<AuditVerification>(`${AUDIT}/verify`, { query: known === undefined ? {} : { known } });
}

/** Without the server, by whoever keeps exports. What stood before the first line is taken on trust. */
async function verifyFile(path: string, known: string | undefined): Promise<AuditVerification> {
  let check: ChainCheck | undefined;
  const [id = '', hash = ''] = known?.split(':') ?? [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const { id: number, hash: own, entry } = JSON.parse(line) as { id: number; hash: string; entry: Parameters<typeof auditText>[0] };
    const record = { id: String(number), hash: own, text: auditText(entry), entry };
    if (check === undefined) check = ChainCheck.from(record, known === undefined ? undefined : { id, hash });
    else check.push(record);
  }
  const verdict = (check ?? new ChainCheck()).end();
  return verdict.ok
    ? { ok: true, entries: verdict.entries, head: `${verdict.head.id}:${verdict.head.hash}`, wrong: null }
    : { ok: false, entries: verdict.entries, head: null, wrong: verdict.wrong };
}
