/** `headrace dags versions` and `headrace dags diff`. */
import type { DagVersionDiff } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import type { Terminal } from '../terminal.ts';

const PAGE = 100;
const SHORT_HASH = 12;

export function addVersionCommands(dags: Command, terminal: Terminal): void {
  dags
    .command('versions')
    .description('the versions of a DAG, the newest first')
    .argument('<dag>')
    .action(async (dagId: string, _, command: Command) => list(await openSession(command, terminal), dagId));

  dags
    .command('diff')
    .description('what differs between two versions of a DAG: tasks, edges, schedule and code')
    .argument('<dag>')
    .argument('[before]', 'a number; the one before the newest, if not given')
    .argument('[after]', 'a number; the newest, if not given')
    .action(async (dagId: string, before: string | undefined, after: string | undefined, _, command: Command) =>
      diff(await openSession(command, terminal), dagId, numberOf(before), numberOf(after)),
    );
}

function numberOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`"${given}" is no version: headrace dags versions shows them`);
  return number;
}

async function list(session: Session, dagId: string): Promise<void> {
  const answer = await session.client.versions(dagId, { limit: PAGE, order_by: '-version_number' });
  show(session, answer, () => {
    const rows = answer.dag_versions.map((one) => [
      one.version_number,
      formatInstant(one.created_at),
      one.bundle_version?.slice(0, SHORT_HASH),
    ]);
    return formatTable(['version', 'created', 'code'], rows);
  });
}

async function diff(session: Session, dagId: string, before: number | undefined, after: number | undefined): Promise<void> {
  const newest = after ?? (await newestVersion(session, dagId));
  const older = before ?? newest - 1;
  if (older < 1) throw new UsageError(`DAG "${dagId}" has one version only: there is nothing to compare`);
  const answer = await session.client.diffVersions(dagId, older, newest);
  show(session, answer, () => describe(answer));
}

async function newestVersion({ client }: Session, dagId: string): Promise<number> {
  const { dag_versions } = await client.versions(dagId, { limit: 1, order_by: '-version_number' });
  return dag_versions[0]?.version_number ?? 0;
}

type Fields = DagVersionDiff['schedule'];

function describe({ dag_id, before, after, tasks, edges, schedule, dag, code }: DagVersionDiff): string {
  const lines = [
    ...tasks.removed.map((task) => `- task ${task}`),
    ...tasks.added.map((task) => `+ task ${task}`),
    ...tasks.changed.flatMap(({ task_id, fields }) => [`~ task ${task_id}`, ...fieldLines(fields)]),
    ...edges.removed.map(({ from, to }) => `- edge ${from} → ${to}`),
    ...edges.added.map(({ from, to }) => `+ edge ${from} → ${to}`),
    ...(schedule.length === 0 ? [] : ['~ schedule', ...fieldLines(schedule)]),
    ...(dag.length === 0 ? [] : ['~ DAG', ...fieldLines(dag)]),
    ...code.map(({ diff: text, truncated }) => `\n${text.trimEnd()}${truncated ? '\n… and more' : ''}`),
  ];
  const head = `${dag_id}: version ${before} → ${after}\n`;
  return lines.length === 0 ? `${head}There is no difference\n` : `${head}${lines.join('\n')}\n`;
}

function fieldLines(fields: Fields): readonly string[] {
  return fields.map(({ path, before, after }) => `    ${path || 'all of it'}: ${valueText(before)} → ${valueText(after)}`);
}

function valueText(value: unknown): string {
  return value === undefined ? 'not there' : JSON.stringify(value);
}
